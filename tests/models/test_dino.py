"""DINO: what transformers says of the same pixels, and keys that a reader of the code expects."""

import json

import pytest
import torch
from safetensors.torch import load_file
from transformers import ViTModel

from overpaint.errors import ModelNotFoundError, UnsafeFileError
from overpaint.models.dino import MEAN, STD, load_dino
from overpaint.models.preprocess import normalised

from ..folders import write_hub

IMAGES = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))


def theirs(folder, pixels):
    """The last state, and the keys of the last layer, as the layers make them one by one."""
    net = ViTModel.from_pretrained(folder, add_pooling_layer=False).eval()
    with torch.no_grad():
        out = net(pixel_values=pixels, output_hidden_states=True)
        last = net.layers[-1]
        keys = last.attention.k_proj(last.layernorm_before(out.hidden_states[-2]))
    return out.last_hidden_state, keys


def test_it_sees_what_transformers_sees(dino_folder):
    dino = load_dino(dino_folder, "cpu")
    state, keys = theirs(dino_folder, normalised(IMAGES, MEAN, STD))
    assert keys.shape == (2, 1 + 4 * 4, 16)
    assert torch.allclose(dino.embed(IMAGES), state[:, 0], atol=1e-5)
    assert torch.allclose(dino.keys(IMAGES), keys, atol=1e-5)


def test_the_published_quirk_is_a_picture_255_times_too_bright(dino_folder):
    dino = load_dino(dino_folder, "cpu")
    bright = theirs(dino_folder, normalised(IMAGES * 255, MEAN, STD))[1]
    assert torch.allclose(dino.keys(IMAGES, full_range=True), bright, atol=1e-4)
    assert not torch.allclose(dino.keys(IMAGES), bright, atol=0.01)


def test_without_antialias_a_larger_picture_is_seen_at_some_of_its_pixels(dino_folder):
    dino = load_dino(dino_folder, "cpu")
    large = torch.rand(1, 3, 160, 160, generator=torch.Generator().manual_seed(1))
    places = large[..., 2::5, 2::5]  # five times too large, a place falls on each fifth pixel
    full = {"full_range": True}
    assert torch.allclose(dino.keys(large, **full), dino.keys(places, **full), atol=1e-4)
    assert not torch.allclose(dino.keys(large), dino.keys(places), atol=1e-3)


def test_keys_are_of_the_whole_picture_and_the_embedding_of_its_middle(dino_folder):
    dino = load_dino(dino_folder, "cpu")
    wide = torch.cat([IMAGES[:1], IMAGES[1:]], dim=3)  # 32 x 64
    assert dino.keys(wide).shape == (1, 1 + 4 * 8, 16)
    assert torch.allclose(dino.embed(wide), dino.embed(wide[..., 16:48]), atol=1e-6)
    banner = torch.cat([wide, wide], dim=3)  # at most 480 long where the shorter side would be 224
    assert dino.keys(banner).shape == (1, 1 + 2 * 8, 16)  # 17 x 69


def test_nothing_stays_on_the_network(dino_folder, monkeypatch):
    dino = load_dino(dino_folder, "cpu")
    dino.keys(IMAGES)
    monkeypatch.setattr(dino.net.layernorm, "forward", None)
    with pytest.raises(TypeError):
        dino.keys(IMAGES)
    assert not any(module._forward_hooks for module in dino.net.modules())


@pytest.mark.parametrize("pickled", [True, False])
def test_files_of_all_versions_of_transformers_are_read(dino_folder, pickled):
    expected = load_dino(dino_folder, "cpu").keys(IMAGES)
    state = load_file(dino_folder / "model.safetensors")
    if not pickled:  # what is now written has the names of the first files; these are the net's own
        state = ViTModel.from_pretrained(dino_folder, add_pooling_layer=False).state_dict()
        assert "layers.0.attention.k_proj.weight" in state
    else:
        assert "encoder.layer.0.attention.attention.key.weight" in state
    state["pooler.dense.weight"] = torch.zeros(16, 16)  # of some files, and without use here
    (dino_folder / "model.safetensors").unlink()
    torch.save(state, dino_folder / "pytorch_model.bin")
    assert torch.equal(load_dino(dino_folder, "cpu").keys(IMAGES), expected)


def test_a_download_is_loaded_by_its_id(dino_folder, tmp_path, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    write_hub(dino_folder, "some/dino", tmp_path / "hub")
    assert load_dino("some/dino").hash == load_dino(dino_folder).hash
    with pytest.raises(ModelNotFoundError, match="hf download other/dino"):
        load_dino("other/dino")


def test_other_networks_are_refused(clip_folder, dino_folder):
    with pytest.raises(ModelNotFoundError, match="clip is not supported, vit is"):
        load_dino(clip_folder)
    with pytest.raises(ModelNotFoundError, match="it is one file"):
        load_dino(dino_folder / "model.safetensors")


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"num_hidden_layers": 10**6}, "number of layers"),
        ({"image_size": [32, 64]}, "no side of a square"),
        ({"hidden_act": "code"}, "describes no vision transformer"),
        ({"hidden_size": 32}, "do not fit"),
        ({"auto_map": {"AutoModel": "evil.py"}}, "code of its own"),
    ],
)
def test_strange_configurations_are_refused(dino_folder, entry, said):
    config = json.loads((dino_folder / "config.json").read_text())
    (dino_folder / "config.json").write_text(json.dumps(config | entry))
    with pytest.raises(UnsafeFileError, match=said):
        load_dino(dino_folder)
