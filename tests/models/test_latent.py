"""The latent family: as diffusers itself has it, both ways and differentiable; faults are named."""

import json

import pytest
import torch
from diffusers import AutoencoderKL, VQModel
from safetensors.torch import load_file, save_file

from overpaint.errors import ModelNotFoundError, NumericsError, UnsafeFileError
from overpaint.models.families.tiny import tiny_latent
from overpaint.models.families.unet import FILES, PICKLED
from overpaint.models.zoo import load

from ..folders import write_latent

WEIGHTS = FILES[0]
IMAGES = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0)) * 2 - 1


@pytest.fixture(params=["vqvae", "vae"])
def kind(request):
    return request.param


@pytest.fixture
def folder(tmp_path, kind):
    return write_latent(tmp_path / "ldm", kind)


def change(path, **values):
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def theirs(folder, kind, scale, shift=0.0):
    """What diffusers' own classes make of the pictures, and of their latents."""
    net = {"vqvae": VQModel, "vae": AutoencoderKL}[kind].from_pretrained(folder / kind)
    with torch.no_grad():
        found = net.encode(IMAGES)
        mean = found.latents if kind == "vqvae" else found.latent_dist.mode()
        return (mean - shift) * scale, net.decode(mean).sample


def test_a_pipeline_gives_the_model_that_was_saved(folder):
    model = load(folder, dtype="float32")
    assert (model.size, model.codec.factor, model.prediction) == (32, 4, "eps")
    assert model.schedule.at(0).sigma ** 2 == pytest.approx(0.0015)
    x, level = torch.randn(2, 3, 8, 8), model.schedule.at(500)
    assert torch.equal(model(x, level).eps, model.net(x, torch.full((2,), 500.0)).sample)
    assert not any(p.requires_grad for p in model.codec.net.parameters())


def test_the_codec_is_diffusers_own_and_scaled_as_configured(folder, kind):
    change(folder / kind / "config.json", scaling_factor=0.4)
    codec = load(folder).codec
    latents, pictures = theirs(folder, kind, 0.4)
    torch.testing.assert_close(codec.encode(IMAGES), latents)
    torch.testing.assert_close(codec.decode(latents), pictures)


def test_latents_may_be_shifted(tmp_path):
    folder = write_latent(tmp_path / "ldm", "vae", scaling_factor=1.5, shift_factor=0.2)
    codec = load(folder).codec
    latents, pictures = theirs(folder, "vae", 1.5, 0.2)
    torch.testing.assert_close(codec.encode(IMAGES), latents)
    torch.testing.assert_close(codec.decode(latents), pictures)


@pytest.mark.parametrize(("kind", "scale"), [("vqvae", 1.0), ("vae", 0.18215)])
def test_the_earliest_uploads_name_no_scale(folder, scale, kind):
    path = folder / kind / "config.json"
    config = json.loads(path.read_text())
    config.pop("scaling_factor")
    path.write_text(json.dumps(config))
    assert load(folder).codec.scale == scale


def test_encoding_has_no_chance_in_it_and_knows_no_batch(folder):
    codec = load(folder).codec
    both = codec.encode(IMAGES)
    assert torch.equal(both, codec.encode(IMAGES))
    torch.testing.assert_close(both[1:], codec.encode(IMAGES[1:]))


def test_gradients_pass_both_ways(folder):
    codec, images = load(folder).codec, IMAGES.clone().requires_grad_()
    codec.encode(images).square().sum().backward()
    assert (images.grad.abs().sum((1, 2, 3)) > 0).all()
    x = torch.randn(2, 3, 8, 8, requires_grad=True)
    codec.decode(x).square().sum().backward()
    assert (x.grad.abs().sum((1, 2, 3)) > 0).all()
    assert all(p.grad is None for p in codec.net.parameters())


def test_a_cell_is_as_white_as_its_whitest_pixel(folder):
    mask = torch.zeros(1, 1, 32, 32)
    mask[..., 5, 9], mask[..., 31, 31] = 1, 0.3
    found = load(folder).codec.encode_mask(mask)
    expected = torch.zeros(1, 1, 8, 8)
    expected[..., 1, 2], expected[..., 7, 7] = 1, 0.3
    assert torch.equal(found, expected)


def test_pickled_weights_are_read_as_data(folder, kind):
    safe = folder / kind / WEIGHTS
    kept = load_file(safe)
    early = {"to_q": "query", "to_k": "key", "to_v": "value", "to_out.0": "proj_attn"}
    for new, old in early.items():  # as diffusers called them then
        kept = {name.replace(f".{new}.", f".{old}."): value for name, value in kept.items()}
    before = load(folder).codec.encode(IMAGES)
    torch.save(kept, folder / kind / PICKLED)
    safe.unlink()
    assert torch.equal(load(folder).codec.encode(IMAGES), before)


def test_a_tensor_that_is_missing_is_named(folder, kind):
    state = load_file(folder / kind / WEIGHTS)
    del state["decoder.conv_out.bias"]
    save_file(state, folder / kind / WEIGHTS)
    with pytest.raises(UnsafeFileError, match=r"decoder\.conv_out\.bias is missing"):
        load(folder)


def test_weights_that_are_not_there_or_not_finite_are_refused(folder, kind):
    state = load_file(folder / kind / WEIGHTS)
    state["encoder.conv_in.bias"][0] = float("inf")
    save_file(state, folder / kind / WEIGHTS)
    with pytest.raises(NumericsError, match=r"encoder\.conv_in\.bias"):
        load(folder)
    (folder / kind / WEIGHTS).unlink()
    with pytest.raises(ModelNotFoundError, match="No weights"):
        load(folder)


@pytest.mark.parametrize(
    ("values", "error", "why"),
    [
        ({"_class_name": "AutoencoderTiny"}, ModelNotFoundError, "'AutoencoderTiny' is not"),
        ({"_class_name": ["os", "system"]}, ModelNotFoundError, "is not supported"),
        ({"latents_mean": [0.1, 0.2, 0.3]}, ModelNotFoundError, "latents_mean"),
        ({"lookup_from_codebook": True}, ModelNotFoundError, "lookup_from_codebook"),
        ({"scaling_factor": 0}, UnsafeFileError, "scaling_factor 0"),
        ({"scaling_factor": "much"}, UnsafeFileError, "scaling_factor 'much'"),
        ({"scaling_factor": float("nan")}, UnsafeFileError, "scaling_factor nan"),
        ({"shift_factor": 1e9}, UnsafeFileError, "shift_factor"),
        ({"latent_channels": 4}, UnsafeFileError, r"latents of \(4, 8, 8\), where \(3, 8, 8\)"),
        ({"in_channels": 4}, UnsafeFileError, "does not fit together"),
        ({"block_out_channels": [8] * 100}, UnsafeFileError, "block_out_channels"),
        ({"block_out_channels": 8}, UnsafeFileError, "block_out_channels"),
        ({"layers_per_block": 10**6}, UnsafeFileError, "layers_per_block"),
        ({"down_block_types": ["DownEncoderBlock2D"]}, UnsafeFileError, "does not fit"),
        ({"down_block_types": ["os.system"] * 3}, UnsafeFileError, "describes no autoencoder"),
        ({"norm_num_groups": 10**9}, UnsafeFileError, "norm_num_groups is out of bounds"),
    ],
)
def test_configurations_that_lie_are_refused(tmp_path, values, error, why):
    folder = write_latent(tmp_path / "ldm")
    change(folder / "vqvae/config.json", **values)
    with pytest.raises(error, match=why):
        load(folder)


def test_the_tiny_one_is_the_same_for_the_same_seed():
    one, same, other = tiny_latent(), tiny_latent(), tiny_latent(1)
    images = IMAGES[..., :16, :16]
    latents = one.codec.encode(images)
    assert latents.shape == (2, 4, 8, 8)
    assert torch.equal(latents, same.codec.encode(images))
    assert not torch.equal(latents, other.codec.encode(images))
    assert one.codec.decode(latents).shape == images.shape
    assert load("tiny-latent").name == "tiny-latent"
