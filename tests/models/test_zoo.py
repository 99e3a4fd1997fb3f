"""Names become models without the network, or a message that helps."""

import time

import pytest
import torch
from safetensors.torch import load_file

from overpaint.errors import ModelNotFoundError, OptionError
from overpaint.models import zoo
from overpaint.models.families.tiny import tiny
from overpaint.models.families.unet import PICKLED

from ..adapters import write_random
from ..folders import write_hub


def test_an_unknown_hub_id_is_an_error_at_once():
    began = time.perf_counter()
    with pytest.raises(ModelNotFoundError) as caught:
        zoo.load("nobody/no-such-model")
    assert time.perf_counter() - began < 2
    for said in ("nobody/no-such-model", "hub", "hf download nobody/no-such-model"):
        assert said in str(caught.value)


@pytest.mark.parametrize("name", ["", "no such", "x\0y", "x" * 300, "~nobody-here"])
def test_what_is_no_model_is_an_error(name):
    with pytest.raises(ModelNotFoundError):
        zoo.load(name)


@pytest.mark.parametrize(
    "name", ["./nowhere", "../x", "a/../b", "/nowhere", "a/b/c", "~/nowhere", "a/" + "x" * 300]
)
def test_nobody_is_told_to_download_a_path(name):
    with pytest.raises(ModelNotFoundError, match="no such folder") as caught:
        zoo.load(name)
    assert "hf download" not in str(caught.value)


@pytest.mark.parametrize("name", [".", "../pipeline", "./", "~/pipeline"])
def test_a_folder_gives_its_own_name_and_no_path(pipeline, monkeypatch, name):
    monkeypatch.chdir(pipeline)
    monkeypatch.setenv("HOME", str(pipeline.parent))
    assert zoo.load(name).name == "pipeline"


def test_a_near_miss_is_hinted_at(monkeypatch):
    monkeypatch.setattr(zoo, "names", lambda: ["portraits"])
    with pytest.raises(ModelNotFoundError, match="Did you mean 'portraits'"):
        zoo.load("portrait")


def test_a_folder_without_a_model_says_so(tmp_path):
    with pytest.raises(ModelNotFoundError, match="holds no model"):
        zoo.load(tmp_path)


def test_embedded_models_are_found_first(pipeline, monkeypatch):
    (pipeline / "card.json").write_text("{}")
    monkeypatch.setattr(zoo, "WEIGHTS", pipeline.parent)
    monkeypatch.setattr(zoo, "TITLES", {"pipeline": "a tiny one"})
    assert zoo.load("pipeline").name == "pipeline"
    card = {"title": "a tiny one", "name": "pipeline", "kind": "model"}
    assert zoo.models() == [card]


def test_everything_embedded_has_a_title(monkeypatch, tmp_path):
    found = zoo.models()
    assert found
    assert all(card["title"] for card in found)
    write_random(tiny(), tmp_path / "adapters/bronze", prompt="a bronze statue")
    monkeypatch.setattr(zoo, "WEIGHTS", tmp_path)
    assert [(card["title"], card["kind"]) for card in zoo.models()] == [
        ("a bronze statue", "adapter")
    ]


@pytest.mark.parametrize("pickled", [False, True])
def test_links_inside_the_cache_of_the_hub_are_followed(pipeline, tmp_path, monkeypatch, pickled):
    from huggingface_hub import constants

    if pickled:  # as early uploads are; the blobs have no suffix
        (safe,) = pipeline.glob("unet/*.safetensors")
        torch.save(load_file(safe), pipeline / "unet" / PICKLED)
        safe.unlink()
    write_hub(pipeline, "some/one", tmp_path / "hub")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    assert zoo.load("some/one").name == "some/one"


@pytest.mark.parametrize(("device", "dtype"), [("gpu9", "auto"), ("cpu", "int8"), ("meta", "auto")])
def test_devices_and_dtypes_are_checked(device, dtype):
    with pytest.raises(OptionError):
        zoo.load("tiny", device, dtype)
