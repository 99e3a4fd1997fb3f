"""Single files of Stable Diffusion: the same networks as in a folder, under other names."""

import sys
from dataclasses import replace
from types import ModuleType

import pytest
import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from safetensors.torch import save_file
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

from overpaint.converting import convert
from overpaint.core.rng import NoiseStream
from overpaint.errors import ModelNotFoundError, NumericsError, OptionError, UnsafeFileError
from overpaint.models import vocabulary
from overpaint.models.families import single
from overpaint.models.zoo import load

from .. import compvis
from ..folders import seeded
from ..pickles import attacks

pytest.importorskip("instant_clip_tokenizer", reason="OpenAI's vocabulary is not here")

WIDTH = 64
X = NoiseStream((1, 2)).randn((2, 4, 8, 8))
UNET = {
    "sample_size": 64,
    "block_out_channels": (64, 64),
    "down_block_types": ("CrossAttnDownBlock2D", "DownBlock2D"),
    "up_block_types": ("UpBlock2D", "CrossAttnUpBlock2D"),
    "layers_per_block": 1,
    "cross_attention_dim": WIDTH,
}
LINEAR = {"use_linear_projection": True, "attention_head_dim": 1}
XL = {
    "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D"),
    "up_block_types": ("CrossAttnUpBlock2D", "UpBlock2D"),
    "cross_attention_dim": 2 * WIDTH,
    "transformer_layers_per_block": (1, 2),
    "addition_embed_type": "text_time",
    "addition_time_embed_dim": 32,
    "projection_class_embeddings_input_dim": WIDTH + 6 * 32,
}
VAE = {
    "block_out_channels": (32, 64),
    "down_block_types": ("DownEncoderBlock2D",) * 2,
    "up_block_types": ("UpDecoderBlock2D",) * 2,
    "layers_per_block": 1,
    "latent_channels": 4,
}


def text(act, kind=CLIPTextModel, layers=2):
    config = {"hidden_size": WIDTH, "intermediate_size": 2 * WIDTH, "num_attention_heads": 1}
    sizes = {"num_hidden_layers": layers, "projection_dim": WIDTH, "hidden_act": act}
    return kind(CLIPTextConfig(**config, **sizes)).eval()


@pytest.fixture(scope="module")
def nets():
    """The networks of each kind, and all their weights under the authors' names."""
    made = {}
    with seeded(), torch.no_grad():
        vae = AutoencoderKL(**VAE).eval()
        for kind, more in {"1": {}, "2": LINEAR, "xl": LINEAR | XL}.items():
            unet = UNet2DConditionModel(**UNET | more).eval()
            if kind == "1":
                reader = text("quick_gelu")
                told = compvis.closed(reader, "cond_stage_model.transformer.")
            elif kind == "2":
                reader = text("gelu")
                told = compvis.opened(reader, "cond_stage_model.model.", last=True)
            else:
                reader = text("quick_gelu"), text("gelu", CLIPTextModelWithProjection)
                told = compvis.closed(reader[0], "conditioner.embedders.0.transformer.")
                told |= compvis.opened(reader[1], "conditioner.embedders.1.model.")
            weights = compvis.network(unet) | compvis.codec(vae) | told
            made[kind] = unet, vae, reader, {n: t.clone() for n, t in weights.items()}
    return made


@pytest.fixture
def weights(nets):
    """Those of Stable Diffusion 1, to be changed."""
    return dict(nets["1"][3])


def written(folder, tensors, name="it.safetensors"):
    path = folder / name
    if path.suffix == ".safetensors":
        save_file(tensors, path)
    else:
        torch.save({"epoch": 3, "global_step": 470000, "state_dict": tensors}, path)
    return path


def equal(one, other):
    ours, theirs = one.state_dict(), other.state_dict()
    assert ours.keys() == theirs.keys()
    return all(torch.equal(tensor, theirs[name]) for name, tensor in ours.items())


@pytest.mark.parametrize("name", ["it.safetensors", "it.ckpt"])
@pytest.mark.parametrize("kind", ["1", "2", "xl"])
def test_a_file_gives_the_networks_that_went_into_it(nets, tmp_path, kind, name):
    unet, vae, reader, tensors = nets[kind]
    model = load(written(tmp_path, tensors, name), dtype="float32", size=512)
    assert equal(model.net, unet)
    assert equal(model.codec.net, vae)
    assert (model.name, model.size, model.sides.multiple) == (name, 512, 4)
    assert model.codec.scale == (0.13025 if kind == "xl" else 0.18215)
    assert model.schedule.at(0).sigma ** 2 == pytest.approx(0.00085)
    read = (model.text.first, model.text.second) if kind == "xl" else (model.text,)
    for one, other in zip(read, reader if kind == "xl" else (reader,), strict=True):
        assert equal(one.net, other)
        assert one.net.config.hidden_act == other.config.hidden_act
        assert one.penultimate == (kind == "xl")
    assert [one.pad for one in read] == {"1": [49407], "2": [0], "xl": [49407, 0]}[kind]


@pytest.mark.parametrize("kind", ["1", "2", "xl"])
def test_its_predictions_are_those_of_the_networks(nets, tmp_path, kind):
    unet, _, reader, tensors = nets[kind]
    model = load(written(tmp_path, tensors), dtype="float32", prediction="eps")
    cond, level = model.text(["a Red hat, cats!", ""]), model.schedule.at(400)
    more = {}
    if kind == "xl":
        sizes = torch.tensor([[16, 16, 0, 0, 16, 16]]).repeat(2, 1)
        more = {"added_cond_kwargs": {"text_embeds": cond.pooled, "time_ids": sizes}}
        assert not cond.text[1].any()
    with torch.no_grad():
        expected = unet(X, 400, encoder_hidden_states=cond.text, **more).sample
        ids = model.text.ids(["a Red hat, cats!"]) if kind != "xl" else None
        if ids is not None:
            assert torch.allclose(reader(ids).last_hidden_state, cond.text[:1], atol=1e-6)
    assert torch.allclose(model(X, level, cond).eps, expected, atol=1e-5)


def test_words_are_found_in_openais_vocabulary(nets, tmp_path):
    reader = load(written(tmp_path, nets["2"][3]), prediction="v").text
    said = "An ASTRONAUT, unbelievably red!? ünï"
    assert [said[a:b] for a, b in filter(None, reader.spans(said))][:3] == ["An", "ASTRONAUT", ","]
    covered = "".join(said[a:b] for a, b in filter(None, reader.spans(said)))
    assert covered == said.replace(" ", "")
    assert reader.ids(["a photo of an astronaut"])[0, :8].tolist() == [
        *(49406, 320, 1125, 539, 550, 18376, 49407),
        0,
    ]


def test_averaged_weights_come_first(weights, nets, tmp_path):
    for name in [n for n in weights if n.startswith("model.diffusion_model.")]:
        flat = "model_ema." + name.removeprefix("model.").replace(".", "")
        weights[flat], weights[name] = weights[name], torch.zeros_like(weights[name])
    weights["model_ema.decay"] = torch.tensor(0.9999)
    assert equal(load(written(tmp_path, weights)).net, nets["1"][0])


def test_a_training_programs_own_state_is_passed_over(weights, nets, tmp_path, monkeypatch):
    """As the first files of Stable Diffusion have it: by a class that is not looked up."""
    module = ModuleType("pytorch_lightning.callbacks.model_checkpoint")
    module.ModelCheckpoint = type("ModelCheckpoint", (), {"__module__": module.__name__})
    for name in ("pytorch_lightning", "pytorch_lightning.callbacks", module.__name__):
        monkeypatch.setitem(sys.modules, name, module)
    callbacks = {module.ModelCheckpoint: {"best_model_score": torch.tensor(0.1)}}
    torch.save({"callbacks": callbacks, "state_dict": weights}, tmp_path / "it.ckpt")
    monkeypatch.undo()
    assert equal(load(tmp_path / "it.ckpt").net, nets["1"][0])
    assert "pytorch_lightning" not in sys.modules


class Known(torch.nn.Module):
    """A network that says exactly what one of a kind would of noise alone."""

    def __init__(self, kind):
        super().__init__()
        self.kind, self.bias = kind, torch.nn.Parameter(torch.zeros(()))
        self.config = UNet2DConditionModel(**UNET).config

    def forward(self, x, times, encoder_hidden_states):
        picture = torch.linspace(-1, 1, x.shape[-1]).expand_as(x)
        return type("Out", (), {"sample": x * 0.98 if self.kind == "eps" else 0.07 * x - picture})


@pytest.mark.parametrize("kind", ["eps", "v"])
def test_what_a_network_predicts_shows_in_noise(kind):
    tiny, known = load("tiny-text"), Known(kind)
    assert single.predicted(replace(tiny, net=known)) == kind


@pytest.mark.parametrize("marked", [True, False])
def test_a_velocity_may_be_marked(weights, tmp_path, marked):
    more = {"v_pred": torch.zeros(1), "ztsnr": torch.zeros(1)} if marked else {}
    model = load(written(tmp_path, weights | more))
    assert model.prediction == ("v" if marked else "eps")
    assert (model.schedule.at(999).alpha == 0) == marked


@pytest.mark.parametrize(
    ("changed", "error", "why"),
    [
        ({"model.diffusion_model.out.2.bias": None}, UnsafeFileError, "conv_out.bias is missing"),
        ({"model.diffusion_model.out.2.weight": None}, UnsafeFileError, "out.2.weight"),
        ({"model.diffusion_model.input_blocks.0.0.weight": (64, 9, 3, 3)}, ModelNotFoundError, "9"),
        ({"model.diffusion_model.input_blocks.0.0.weight": (64,)}, UnsafeFileError, "of another"),
        (
            {"model.diffusion_model.input_blocks.1.0.in_layers.2.weight": (0,)},
            None,
            "fit|divide|supported|no network",
        ),
        ({"model.diffusion_model.time_embed.0.weight": (7, 7)}, UnsafeFileError, r"\(7, 7\)"),
        ({"first_stage_model.decoder.conv_in.weight": None}, UnsafeFileError, "decoder.conv_in"),
        (
            {"first_stage_model.quant_conv.bias": None},
            UnsafeFileError,
            "quant_conv.bias is missing",
        ),
        (
            {"first_stage_model.decoder.conv_in.weight": (64, 5, 3, 3)},
            None,
            "fit|divide|supported|no network",
        ),
        (
            {"cond_stage_model.transformer.text_model.encoder.layers.1.mlp.fc1.bias": (3,)},
            UnsafeFileError,
            r"mlp.fc1.bias is \(3,\)",
        ),
        ({"edm_mean": (4,)}, ModelNotFoundError, "noise .* is not supported"),
        ({"conditioner.embedders.0.model.ln_final.bias": (4,)}, ModelNotFoundError, "refiner"),
    ],
)
def test_the_first_tensor_that_does_not_fit_is_named(weights, tmp_path, changed, error, why):
    for name, shape in changed.items():
        if shape is None:
            del weights[name]
        else:
            weights[name] = torch.zeros(shape)
    with pytest.raises(error or (UnsafeFileError, ModelNotFoundError), match=why) as caught:
        load(written(tmp_path, weights))
    assert len(str(caught.value)) < 600


@pytest.mark.parametrize("part", ["first_stage_model.", "cond_stage_model."])
def test_a_part_of_a_model_is_named(weights, tmp_path, part):
    kept = {name: tensor for name, tensor in weights.items() if not name.startswith(part)}
    lacks = {"first_stage_model.": "no autoencoder", "cond_stage_model.": "no text encoder"}
    with pytest.raises(ModelNotFoundError, match=lacks[part]):
        load(written(tmp_path, kept))


def test_what_is_not_finite_or_not_plain_is_refused(weights, tmp_path):
    weights["first_stage_model.encoder.conv_in.bias"] = torch.full((32,), float("nan"))
    with pytest.raises(NumericsError, match=r"encoder\.conv_in\.bias"):
        load(written(tmp_path, weights))
    for number, attack in enumerate(attacks(tmp_path / "canary").values()):
        (tmp_path / f"{number}.ckpt").write_bytes(attack)
        with pytest.raises(UnsafeFileError):
            load(tmp_path / f"{number}.ckpt")
    assert not (tmp_path / "canary").exists()


@pytest.mark.parametrize(
    ("options", "error", "why"),
    [
        ({"schedule": "cosine"}, OptionError, "one schedule"),
        ({"heads": 7}, ModelNotFoundError, "64 channels do not divide"),
        ({"prediction": "x0"}, OptionError, "eps, v"),
    ],
)
def test_options_are_checked(weights, tmp_path, options, error, why):
    with pytest.raises(error, match=why):
        load(written(tmp_path, weights), **options)


def test_options_are_heeded(weights, tmp_path):
    model = load(written(tmp_path, weights), heads=4, prediction="v", size=32)
    assert model.net.config.attention_head_dim == [4, 4]
    assert (model.size, model.sides.square, model.prediction) == (32, 32, "v")


def test_without_the_vocabulary_it_says_where_it_is(weights, tmp_path, monkeypatch):
    def absent(pad):
        raise ImportError

    monkeypatch.setattr(vocabulary, "instant", absent)
    monkeypatch.setattr(vocabulary, "in_open_clip", lambda: None)
    with pytest.raises(ModelNotFoundError, match="hf download openai/clip-vit-large-patch14"):
        load(written(tmp_path, weights))


def test_it_is_not_converted_but_loaded(weights, tmp_path):
    with pytest.raises(ModelNotFoundError, match="it is loaded as it is"):
        convert(written(tmp_path, weights), tmp_path / "made")
