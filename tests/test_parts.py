"""The adapter for a text: embedded, cached, or tuned now, and kept."""

import sys
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import pytest
import torch

from overpaint import adapters, parts, tuning
from overpaint.errors import ModelNotFoundError, OptionError, OutputExistsError
from overpaint.methods import registry
from overpaint.methods.registry import Task
from overpaint.methods.shares import Curve, Share, listed
from overpaint.models.families.tiny import tiny

from .adapters import write_random
from .folders import write_clip, write_identity

MODEL = tiny()
IMAGE = torch.zeros(1, 3, 16, 16)


@pytest.fixture
def places(tmp_path, monkeypatch):
    """Empty folders for what is embedded and for what is cached."""
    monkeypatch.setattr(adapters, "WEIGHTS", tmp_path / "weights")
    monkeypatch.setattr(adapters, "cache", lambda: tmp_path / "cache")
    return tmp_path


@pytest.fixture
def tunings(monkeypatch):
    """A recipe that writes a random adapter; the texts it was asked for."""
    asked = []

    def tune(model, prompt, source_prompt, *, folder, fail=False, **how):
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


def found(prompt, source_prompt="", **given):
    (part,) = blend(prompt, source_prompt, **given).parts
    return part.adapter


def blend(prompt, source_prompt="", **given):
    task = Task(IMAGE, prompt, source_prompt)
    given = {name: listed(value) for name, value in given.items()}
    return parts.resolve(registry.find("diffusionclip"), MODEL, task, given)["adapter"]


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
        tuning.tune("a robot", model="tiny", fail=True)
    assert not list((places / "cache").iterdir())
    folder, card = tuning.tune("a robot", model="tiny")
    assert card["prompt"] == "a robot"
    assert found("a robot").hash == parts.read_adapter(folder).hash


def test_an_edit_begins_afresh_what_was_begun_with_other_settings(places, tunings, monkeypatch):
    recipe, asked = sys.modules["overpaint.recipes.diffusionclip"], []
    real = recipe.tune
    recipe.tune = lambda *given, place, **how: asked.append(place.changed) or real(*given, **how)
    found("a robot")
    for how in ({}, {"allow_change": True}, {"overwrite": True}):
        tuning.tune("a robot", model="tiny", **how)
    assert asked == ["afresh", "refuse", "allow", "afresh"]


def test_an_edit_takes_what_another_process_has_just_made(places, tunings, monkeypatch):
    real = tuning.sole

    @contextmanager
    def waited(folder, watch):
        with real(folder, watch):
            target = folder.with_name(folder.name.removeprefix(".").removesuffix(".tuning"))
            write_random(MODEL, target, prompt="a robot", base=MODEL.hash)
            yield True

    monkeypatch.setattr(tuning, "sole", waited)
    assert found("a robot").card["prompt"] == "a robot"
    assert tunings == []


def test_checkpoints_stay_where_a_tuning_was_stopped(places, tunings):
    recipe = sys.modules["overpaint.recipes.diffusionclip"]
    real = recipe.tune

    def stopped(*given, place, **how):
        (place.checkpoints / "step-00000007").mkdir(parents=True)
        raise KeyboardInterrupt

    recipe.tune = stopped
    with pytest.raises(KeyboardInterrupt):
        tuning.tune("a robot", model="tiny", folder=places / "robot")
    assert (places / ".robot.tuning/checkpoints/step-00000007").is_dir()
    recipe.tune = real
    tuning.tune("a robot", model="tiny", folder=places / "robot")
    assert not (places / ".robot.tuning").exists()


def test_strips_do_not_stand_in_the_way_but_other_pictures_do(places, tunings):
    (places / "robot/strips").mkdir(parents=True)
    (places / "robot/strips/000025.png").write_bytes(b"strip")
    tuning.tune("a robot", model="tiny", folder=places / "robot")
    assert (places / "robot/strips/000025.png").read_bytes() == b"strip"
    (places / "robot/strips/holiday.png").write_bytes(b"mine")
    with pytest.raises(OutputExistsError, match="robot"):
        tuning.tune("a robot", model="tiny", folder=places / "robot", overwrite=True)
    assert (places / "robot/strips/holiday.png").read_bytes() == b"mine"


@pytest.mark.parametrize(
    "texts", [("a 🐱", "a 🐶"), ("लाल टोपा", "लाल टोपी"), ("a 3 $ hat", "a 3 € hat"), ("", "")]
)
def test_texts_are_told_apart_by_all_but_punctuation(texts):
    adapters.check_apart(*texts)
    with pytest.raises(OptionError, match="mean the same"):
        adapters.check_apart("Weiße, hats!", " weisse  HATS_")


def test_a_text_equal_to_its_source_is_refused(places, tunings):
    with pytest.raises(OptionError, match="mean the same"):
        tuning.tune("A robot!", source_prompt="a robot", model="nowhere")
    assert tunings == []


def test_a_damaged_adapter_in_the_cache_is_passed_over(places, tunings):
    folder, _ = tuning.tune("a robot", model="tiny")
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


def test_a_text_that_was_tuned_anew_has_effect(places, tunings):
    embed(places, "sketch", prompt="a pencil sketch")
    folder, _ = tuning.tune("a pencil sketch", model="tiny")
    assert found("A pencil sketch").name == folder.name


def test_an_adapter_of_the_users_is_taken_whatever_the_text(places, tunings, tmp_path):
    folder, _ = tuning.tune("clay", model="tiny", folder=tmp_path / "clay")
    adapter = found("a clay figure", adapter=folder)
    assert (adapter.name, len(tunings)) == ("clay", 1)
    assert found("clay", adapter=adapter) is adapter
    (note,) = parts.doubts({"adapter": adapter}, "a clay figure")
    assert "'clay'" in note
    assert not list(parts.doubts({"adapter": adapter}, "Clay!"))


def test_an_adapter_of_another_model_is_refused(places, tunings, tmp_path):
    write_random(MODEL, tmp_path / "clay", prompt="clay", base="0000000000")
    with pytest.raises(OptionError, match="does not belong to the model tiny"):
        found("clay", adapter=tmp_path / "clay")
    with pytest.raises(ModelNotFoundError, match="There is no adapter"):
        found("clay", adapter=tmp_path / "nowhere")
    with pytest.raises(OptionError, match="The method sdedit takes no adapter"):
        parts.check_given(registry.find("sdedit"), {"adapter": "clay"})


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize("name", ["holiday", "file", "model", "."])
def test_tuning_touches_nothing_of_others(places, tunings, monkeypatch, name, overwrite):
    monkeypatch.chdir(places)
    for path in ("holiday/precious.txt", "file", "model/model.safetensors"):
        (places / path).parent.mkdir(exist_ok=True)
        (places / path).write_text("mine")
    write_random(MODEL, places / "holiday", prompt="clay")
    before = {path: path.read_bytes() for path in places.rglob("*") if path.is_file()}
    with pytest.raises(OutputExistsError):
        tuning.tune("clay", model="tiny", folder=Path(name), overwrite=overwrite)
    assert {path: path.read_bytes() for path in places.rglob("*") if path.is_file()} == before
    assert tunings == []


def test_tuning_replaces_an_adapter_only_when_asked(places, tunings, monkeypatch):
    monkeypatch.chdir(places)
    (places / "clay").mkdir()
    tuning.tune("clay", model="tiny", folder=Path("clay"))
    first = parts.read_adapter(places / "clay").hash
    with pytest.raises(OutputExistsError, match="--overwrite"):
        tuning.tune("clay", model="tiny", folder=Path("clay"))
    _, card = tuning.tune("a robot", model="tiny", folder=Path("clay"), overwrite=True)
    assert card["prompt"] == "a robot"
    assert parts.read_adapter(places / "clay").hash != first


def test_files_that_came_while_it_tuned_stay(places, tunings):
    real = sys.modules["overpaint.recipes.diffusionclip"].tune

    def slow(*asked, **how):
        (places / "clay").mkdir()
        (places / "clay/precious.txt").write_text("mine")
        return real(*asked, **how)

    sys.modules["overpaint.recipes.diffusionclip"].tune = slow
    with pytest.raises(OutputExistsError, match="cannot write the adapter"):
        tuning.tune("clay", model="tiny", folder=places / "clay")
    assert (places / "clay/precious.txt").read_text() == "mine"


def test_a_clip_is_the_embedded_one_or_the_users(tmp_path, monkeypatch):
    embedded, own = write_clip(tmp_path / "embedded"), write_clip(tmp_path / "own")
    monkeypatch.setattr(parts, "embedded", lambda name: embedded)
    method = registry.find("clip-latent")
    given = [{}, {"clip": own}]
    first, second = (
        parts.resolve(method, MODEL, Task(IMAGE, "a hat"), each)["clip"] for each in given
    )
    assert parts.resolve(method, MODEL, Task(IMAGE, "a hat"), {"clip": second})["clip"] is second
    assert second is not first
    assert parts.described({"clip": first}) == {"clip": first.hash}
    assert not list(parts.doubts({"clip": first}, "a text"))


def test_a_face_encoder_is_loaded_where_options_ask_for_it(tmp_path, monkeypatch):
    folders = {"clip": write_clip(tmp_path / "c"), "identity": write_identity(tmp_path / "i")}
    monkeypatch.setattr(parts, "embedded", folders.__getitem__)
    method = registry.find("clip-latent")
    for weight, wanted in ((0.0, {"clip"}), (0.5, {"clip", "identity"})):
        options = method.options(identity_weight=weight)
        found = parts.resolve(method, MODEL, Task(IMAGE, "a hat"), {}, options=options)
        assert found.keys() == wanted


def test_adapters_are_named_by_name_folder_or_text(places, tunings, monkeypatch):
    monkeypatch.chdir(places)
    embed(places, "ink", prompt="an ink drawing")
    embed(places, "clay", prompt="clay")
    write_random(MODEL, places / "clay", 7, prompt="mine", base=MODEL.hash)
    folder, _ = tuning.tune("a robot", model="tiny")
    names = [found("x", adapter=name).name for name in ("ink", "clay", "./clay", "An ink drawing!")]
    assert names == ["ink", "clay", "clay", "ink"]
    assert found("x", adapter="./clay").hash != found("x", adapter="clay").hash
    assert found("x", adapter="a robot").name == found("x", adapter=folder.name).name == folder.name
    with pytest.raises(ModelNotFoundError, match="Did you mean 'ink'"):
        found("x", adapter="inc")


def test_shares_keep_their_order_weights_and_times(places, tunings):
    embed(places, "ink", prompt="an ink drawing")
    embed(places, "clay", prompt="clay")
    curve = Curve(((300.0, 0.4), (0.0, 0.15)))
    given = [Share("clay", -0.5), Share("ink", curve)]
    made = blend("clay made of ink", adapter=given)
    assert [(p.adapter.name, p.weight) for p in made.parts] == [("clay", -0.5), ("ink", curve)]
    assert not list(parts.doubts({"adapter": made}, "clay made of ink"))
    with pytest.raises(OptionError, match=r"in \[0, 999\], got 5000"):
        blend("x", adapter=("ink", "5000=1,0=0"))


def test_a_search_asks_for_its_networks_and_nothing_else_does(places, tunings):
    method = registry.find("diffusionclip")
    embed(places, "ink", prompt="an ink drawing")
    task = Task(IMAGE, "an ink drawing")
    for t0, extra in (("tuned", set()), ("auto", {"scorer"})):
        options = registry.parse_options(method, {"t0": t0})
        assert set(parts.resolve(method, MODEL, task, {}, options=options)) == {"adapter"} | extra


@pytest.mark.parametrize("prompt", ["", "  "])
def test_without_a_text_no_clip_is_loaded(prompt, monkeypatch):
    monkeypatch.setattr(parts, "load_clip", lambda *asked: pytest.fail("it was loaded"))
    blended = registry.find("blended")
    assert parts.resolve(blended, MODEL, Task(IMAGE, prompt), {}) == {}


def test_the_text_of_a_region_needs_a_clip(monkeypatch):
    monkeypatch.setattr(parts, "load_clip", lambda *asked: "loaded")
    task = Task(IMAGE, regions=(registry.Region(IMAGE[:, :1], "a hat"),))
    assert parts.resolve(registry.find("blended"), MODEL, task, {}) == {"clip": "loaded"}
