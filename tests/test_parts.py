"""The adapter for a text: embedded, cached, or tuned now, and kept."""

import sys
from types import ModuleType

import pytest
import torch

from overpaint import parts
from overpaint.errors import OptionError
from overpaint.methods import registry
from overpaint.methods.registry import Task
from overpaint.models.families.tiny import tiny

from .adapters import write_random

MODEL = tiny()
IMAGE = torch.zeros(1, 3, 16, 16)


@pytest.fixture
def places(tmp_path, monkeypatch):
    """Empty folders for what is embedded and for what is cached."""
    monkeypatch.setattr(parts, "WEIGHTS", tmp_path / "weights")
    monkeypatch.setattr(parts, "_cache", lambda: tmp_path / "cache")
    return tmp_path


@pytest.fixture
def tunings(monkeypatch):
    """A recipe that writes a random adapter; the texts it was asked for."""
    asked = []

    def tune(model, prompt, source_prompt, *, folder, watch, fail=False):
        asked.append((prompt, source_prompt))
        card = {"prompt": prompt, "source_prompt": source_prompt, "base": model.hash, "t0": 400}
        write_random(model, folder, len(asked), **card)
        if fail:
            raise KeyboardInterrupt
        return folder

    import overpaint.recipes

    recipe = ModuleType("overpaint.recipes.diffusionclip")
    recipe.tune = tune
    monkeypatch.setitem(sys.modules, recipe.__name__, recipe)
    monkeypatch.setattr(overpaint.recipes, "diffusionclip", recipe, raising=False)
    return asked


def embed(places, name, **card):
    write_random(MODEL, places / "weights/adapters" / name, **{"base": MODEL.hash, **card})


def found(prompt, source_prompt=""):
    task = Task(IMAGE, prompt, source_prompt)
    return parts.resolve(registry.find("diffusionclip"), MODEL, task)["adapter"]


@pytest.mark.parametrize(
    "text", ["a pencil sketch", "A Pencil  Sketch!", "a drawing", "a pencil-sketch."]
)
def test_embedded_adapters_are_found_by_their_words(places, tunings, text):
    embed(places, "sketch", prompt="a pencil sketch", aliases=["A drawing"], source_prompt="photo")
    assert found(text).name == "sketch"
    assert found(text, "Photo").name == "sketch"
    assert tunings == []


def test_a_text_nobody_tuned_for_is_tuned_once(places, tunings):
    first, again = found("a clay figure", "a photo"), found("A clay figure", "a photo")
    assert tunings == [("a clay figure", "a photo")]
    assert first.hash == again.hash
    assert first.card["t0"] == 400
    found("a clay figure", "a cat")
    assert len(tunings) == 2


def test_an_adapter_of_another_model_is_not_taken(places, tunings):
    embed(places, "sketch", prompt="a pencil sketch", base="0000000000")
    assert found("a pencil sketch").card["t0"] == 400
    assert len(tunings) == 1


def test_an_interrupted_tuning_leaves_nothing_behind(places, tunings):
    with pytest.raises(KeyboardInterrupt):
        parts.tune("a robot", model="tiny", fail=True)
    assert not list((places / "cache").iterdir())
    folder, card = parts.tune("a robot", model="tiny")
    assert card["prompt"] == "a robot"
    assert found("a robot").hash == parts.read_adapter(folder).hash


def test_a_damaged_adapter_in_the_cache_is_passed_over(places, tunings):
    folder, _ = parts.tune("a robot", model="tiny")
    (folder / "card.json").write_text("{")
    found("a robot")
    assert len(tunings) == 2


def test_a_text_without_words_is_refused(places, tunings):
    with pytest.raises(OptionError, match="nothing to tune for"):
        found("?!")


def test_records_name_parts_with_their_hash(places, tunings):
    embed(places, "sketch", prompt="a pencil sketch")
    adapter = found("a pencil sketch")
    assert parts.described({"adapter": adapter}) == {"adapter": f"sketch {adapter.hash}"}
