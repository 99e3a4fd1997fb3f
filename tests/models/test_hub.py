"""Parts are found as folders, files and downloads of the hub, and never fetched."""

import json

import pytest
import torch
from huggingface_hub import constants
from safetensors.torch import load_file

from overpaint.errors import ModelNotFoundError, UnsafeFileError
from overpaint.models.clip import load_clip
from overpaint.models.hub import is_id, located
from overpaint.models.identity import load_identity

from ..folders import write_hub
from ..pickles import attacks


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """An empty cache of the hub."""
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path / "hub"


def test_a_download_is_loaded_by_its_id(hub, clip_folder, identity_folder):
    write_hub(clip_folder, "some/clip", hub)
    write_hub(identity_folder, "some/face", hub)
    assert load_clip("some/clip").hash == load_clip(clip_folder).hash
    assert load_identity("some/face").hash == load_identity(str(identity_folder)).hash


def test_the_first_clips_of_the_hub_come_as_pickles(clip_folder, tmp_path):
    """With the positions of old versions, an early configuration and a tokenizer in two files."""
    expected = load_clip(clip_folder).text(["a cat"])
    state = load_file(clip_folder / "model.safetensors")
    state["text_model.embeddings.position_ids"] = torch.arange(12)[None]
    torch.save(state, clip_folder / "pytorch_model.bin")
    (clip_folder / "model.safetensors").unlink()
    assert torch.equal(load_clip(clip_folder).text(["a cat"]), expected)
    canary = tmp_path / "canary"
    (clip_folder / "pytorch_model.bin").write_bytes(attacks(canary)["system in protocol 2"])
    with pytest.raises(UnsafeFileError):
        load_clip(clip_folder)
    assert not canary.exists()


def test_a_pickle_that_does_not_fit_its_configuration_is_refused(clip_folder):
    state = load_file(clip_folder / "model.safetensors")
    state["visual_projection.weight"] = torch.zeros(3, 3)
    torch.save(state, clip_folder / "pytorch_model.bin")
    (clip_folder / "model.safetensors").unlink()
    with pytest.raises(UnsafeFileError, match=r"visual_projection.weight is \(3, 3\)"):
        load_clip(clip_folder)


@pytest.mark.parametrize("load", [load_clip, load_identity])
def test_what_is_not_here_is_an_error_that_says_where_it_was_looked_for(hub, load):
    with pytest.raises(ModelNotFoundError, match="hf download some/part"):
        load("some/part")
    for where in ("models/ViT-B-16.pt", "./none", "none", "a/b/c", "x\0y", "~nobody/x"):
        with pytest.raises(ModelNotFoundError, match="no such folder or file") as caught:
            load(where)
        assert "hf download" not in str(caught.value)


def test_a_folder_of_something_else_is_refused(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "ir_se50"}))
    with pytest.raises(ModelNotFoundError, match="No weights in"):
        load_identity(tmp_path)
    with pytest.raises(ModelNotFoundError, match="ir_se50 is not supported"):
        load_clip(tmp_path)


def test_what_is_on_disk_comes_before_the_hub(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "some/clip").mkdir(parents=True)
    assert located("some/clip", "CLIP").path.resolve() == tmp_path / "some/clip"
    assert is_id("openai/clip-vit-base-patch16")
    assert not is_id("openai/ViT-B-16.pt")
