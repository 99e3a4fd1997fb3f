"""Checkpoints of the authors' code load as their own networks, whose numbers they agree with."""

import pytest
import torch
from safetensors.torch import save_file

from overpaint.core.schedule import NoiseSchedule
from overpaint.errors import ModelNotFoundError, NumericsError, OptionError, UnsafeFileError
from overpaint.models.families import ddpm, guided
from overpaint.models.families.published import Options
from overpaint.models.zoo import load

from .. import golden

# What is given of each; nothing where the shapes tell all.
GIVEN = {
    "ddpm_unet": {},
    "ddpm_unet_b": {"size": 32},
    "guided_unet": {"size": 64, "head_channels": 32},
    "guided_unet_class": {"size": 64, "head_channels": 64},
    "guided_unet_plain": {"size": 64, "heads": 4},
}
NEAR = {0: 3e-4, 1: 2e-5}


def state(name, q=1):
    facts = golden.facts(name)
    return golden.filled(facts["state"], facts["gain"], q)


def loaded(folder, tensors, name="it.pt", **options):
    path = folder / name
    (save_file if path.suffix == ".safetensors" else torch.save)(tensors, path)
    return load(path, "cpu", "float32", **options)


@pytest.mark.parametrize("q", [1, 0])
@pytest.mark.parametrize("name", GIVEN)
def test_networks_agree_with_the_authors(tmp_path, name, q):
    facts, arrays = golden.facts(name), golden.arrays(name)
    model = loaded(tmp_path, state(name, q), **GIVEN[name])
    image = facts["config"].get("data", facts["config"])
    assert (model.size, facts["parameters"]) == (image["image_size"], parameters(model))
    stored = [key for key in arrays if key.startswith(f"out.q{q}.")]
    assert len(stored) == len(facts["timesteps"]) + bool(facts["mixed"])
    for key in stored:
        time = key.removeprefix(f"out.q{q}.")
        times = facts["mixed"] if time == "mixed" else [float(time[1:])] * len(arrays["x"])
        found = answer(model, arrays["x"], times, arrays.get("y"))
        assert (found - arrays[key]).abs().max() < NEAR[q], key


def parameters(model):
    """How many numbers the authors' network has: ours may have a class that says nothing."""
    null = 0 if model.classes is None else model.net.class_embedding.weight[-1].numel()
    return sum(p.numel() for p in model.net.parameters()) - null


@torch.no_grad()
def answer(model, x, times, y=None):
    """All that the network says; through the model's own call where all times are the same."""
    if len(set(times)) > 1:
        return model.net(x, torch.tensor(times), *([] if y is None else [y])).sample
    pred = model(x, model.schedule.at(times[0]), y)
    return pred.eps if pred.variance is None else torch.cat([pred.eps, 2 * pred.variance - 1], 1)


def test_a_new_attention_order_only_moves_rows(tmp_path):
    tensors, heads = state("guided_unet_plain"), 4
    moved = {
        name: t.reshape(heads, 3, -1, *t.shape[1:]).transpose(0, 1).reshape(t.shape)
        if ".qkv." in name
        else t
        for name, t in tensors.items()
    }
    given = GIVEN["guided_unet_plain"]
    legacy = loaded(tmp_path, tensors, **given)
    new = loaded(tmp_path, moved, attention_order="new", **given)
    x, level = torch.randn(1, 3, 64, 64), legacy.schedule.at(10)
    assert torch.equal(legacy(x, level).eps, new(x, level).eps)


@pytest.mark.parametrize("name", ["ddpm_unet_b", "guided_unet"])
def test_safetensors_hold_the_same_by_whatever_name(tmp_path, name):
    tensors = state(name)
    pickled = loaded(tmp_path, tensors, **GIVEN[name])
    safe = loaded(tmp_path, tensors, "it.safetensors", **GIVEN[name])
    (tmp_path / "it.safetensors").rename(tmp_path / "other.ckpt")
    other = load(tmp_path / "other.ckpt", "cpu", "float32", **GIVEN[name])
    for key, tensor in pickled.net.state_dict().items():
        assert torch.equal(tensor, safe.net.state_dict()[key])
        assert torch.equal(tensor, other.net.state_dict()[key])
    assert safe.hash == other.hash != pickled.hash
    assert (pickled.name, len(pickled.hash)) == ("it.pt", 10)


def test_trainers_files_load_with_their_averaged_weights(tmp_path):
    tensors = state("ddpm_unet_b")
    raw = {f"module.{name}": torch.zeros_like(t) for name, t in tensors.items()}
    averaged = {f"module.{name}": t for name, t in tensors.items()}
    content = [raw, {"state": {}, "param_groups": []}, 4, 90, averaged]
    model = loaded(tmp_path, content, "it.ckpt", size=32)
    assert torch.equal(model.net.conv_in.weight, tensors["conv_in.weight"])


def test_the_schedule_may_be_told(tmp_path):
    tensors = state("ddpm_unet_b")
    assert loaded(tmp_path, tensors).schedule == NoiseSchedule.linear()
    cosine = loaded(tmp_path, tensors, schedule="cosine").schedule
    assert cosine == NoiseSchedule.squared_cosine()


@pytest.mark.parametrize(
    ("name", "changed", "named"),
    [
        ("ddpm_unet_b", {"mid.block_1.conv1.weight": torch.zeros(128, 64, 3, 3)}, "mid.block_1"),
        ("ddpm_unet_b", {"mid.attn_1.k.weight": None}, "mid.attn_1.k.weight"),
        ("ddpm_unet_b", {"mid.attn_1.x.weight": torch.zeros(1)}, "mid.attn_1.x.weight"),
        ("ddpm_unet_b", {"conv_out.weight": None}, "conv_out.weight"),
        ("ddpm_unet_b", {"down.1.downsample.conv.bias": torch.zeros(3)}, "down.1.downsample"),
        ("guided_unet", {"middle_block.1.qkv.bias": torch.zeros(64)}, "middle_block.1.qkv.bias"),
        ("guided_unet", {"out.0.weight": None}, "out.0.weight"),
        ("guided_unet", {"input_blocks.3.1.qkv.weight": None}, "input_blocks.3.1"),
        ("guided_unet", {"y": torch.zeros(1)}, "y has no place"),
    ],
)
def test_the_first_tensor_that_does_not_fit_is_named(tmp_path, name, changed, named):
    tensors = {**state(name), **changed}
    tensors = {name: tensor for name, tensor in tensors.items() if tensor is not None}
    with pytest.raises(UnsafeFileError) as caught:
        loaded(tmp_path, tensors, **GIVEN[name])
    assert "it.pt: The weights do not fit together" in str(caught.value)
    assert named in str(caught.value)


@pytest.mark.parametrize(("name", "family"), [("ddpm_unet_b", ddpm), ("guided_unet", guided)])
def test_no_damage_slips_through(name, family):
    tensors, told = state(name), Options.parsed(GIVEN[name])
    for number, key in enumerate(list(tensors)[5::23]):
        changed = dict(tensors)
        if number % 2:
            del changed[key]
        else:
            changed[key] = torch.zeros(*tensors[key].shape, 2)
        with pytest.raises(UnsafeFileError):
            family.converted(changed, told)


@pytest.mark.parametrize(
    ("name", "key", "shape"),
    [
        ("ddpm_unet_b", "conv_in.weight", (3,)),
        ("ddpm_unet_b", "down.0.block.0.conv1.weight", ()),
        ("ddpm_unet_b", "down.0.block.0.conv1.weight", (0, 3)),
        ("ddpm_unet_b", "conv_out.weight", (10**7, 0)),
        ("guided_unet", "time_embed.0.weight", (128, 0)),
        ("guided_unet", "time_embed.0.weight", ()),
        ("guided_unet", "input_blocks.1.0.in_layers.2.weight", (0,)),
        ("guided_unet", "input_blocks.1.0.emb_layers.1.weight", ()),
    ],
)
def test_absurd_shapes_are_refused(tmp_path, name, key, shape):
    tensors = {**state(name), key: torch.zeros(shape)}
    with pytest.raises((UnsafeFileError, ModelNotFoundError)):
        loaded(tmp_path, tensors, **GIVEN[name])


def test_weights_that_are_not_finite_are_refused(tmp_path):
    tensors = state("ddpm_unet_b")
    tensors["norm_out.bias"][3] = float("nan")
    with pytest.raises(NumericsError, match=r"norm_out\.bias"):
        loaded(tmp_path, tensors)


@pytest.mark.parametrize(
    "tensors",
    [
        {"encoder.weight": torch.ones(2)},
        {"input_layer.0.weight": torch.ones(64, 3, 3, 3)},
        {"time_embed.0.weight": torch.ones(8, 8), "input_blocks.0.0.weight": torch.ones(8, 3, 3)},
    ],
)
def test_other_kinds_of_checkpoints_are_unsuitable(tmp_path, tensors):
    with pytest.raises(ModelNotFoundError, match="no checkpoint of a kind that is known here"):
        loaded(tmp_path, tensors)


@pytest.mark.parametrize(
    ("name", "options", "error", "said"),
    [
        ("guided_unet", {}, ModelNotFoundError, "-O size=NUMBER"),
        ("guided_unet", {"size": 64}, ModelNotFoundError, "-O heads=NUMBER"),
        ("guided_unet", {"size": 64, "heads": 5}, ModelNotFoundError, "5 heads do not fit"),
        ("guided_unet", {"size": 64, "head_channels": 48}, ModelNotFoundError, "48 channels"),
        ("guided_unet", {"size": 64, "heads": 1, "head_channels": 2}, OptionError, "say the same"),
        ("ddpm_unet_b", {"heads": 2}, OptionError, "one head"),
        ("ddpm_unet_b", {"size": 0}, OptionError, r"\[8, 4096\], got 0"),
        ("ddpm_unet_b", {"size": "large"}, OptionError, "got 'large'"),
        ("ddpm_unet_b", {"size": 32.5}, OptionError, r"got 32\.5"),
        ("ddpm_unet_b", {"schedule": "sigmoid"}, OptionError, "linear, cosine"),
        ("ddpm_unet_b", {"steps": 5}, OptionError, "no option 'steps'"),
    ],
)
def test_options_are_checked_and_asked_for(tmp_path, name, options, error, said):
    with pytest.raises(error, match=said):
        loaded(tmp_path, state(name), **options)


def test_folders_and_names_take_no_options(pipeline):
    with pytest.raises(OptionError, match="takes no options"):
        load(pipeline, size=32)
