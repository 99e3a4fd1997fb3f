"""`overpaint replay`: the same pixels again, from what the record says."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from overpaint.models.families.tiny import tiny
from overpaint.models.networks import write_scheduler

EDIT = "edit face.png --method sdedit -m tiny --steps 2"


def pixels(path: str) -> np.ndarray:
    return np.asarray(Image.open(path))


def write_model(folder: Path) -> None:
    """The tiny model as diffusers writes it."""
    tiny().net.save_pretrained(folder / "unet")
    write_scheduler(folder / "scheduler")


def test_replay_makes_the_same_pixels(run: Callable, here: Path) -> None:
    run(f"{EDIT} --seed 3 -o out.png")
    ran = run("replay out.png")
    assert (ran.code, ran.text) == (0, "out.png: identical\n")
    told = json.loads(run("replay out.png --json -o again.png").text)
    assert (told["verdict"], told["changed"], told["path"]) == ("identical", [], "again.png")
    assert np.array_equal(pixels("out.png"), pixels("again.png"))


def test_replay_says_when_the_pixels_differ(run: Callable, here: Path) -> None:
    run(f"{EDIT} -o out.png")
    with Image.open("out.png") as picture:
        info = {"pnginfo": _texts(picture)}
        Image.fromarray(255 - np.asarray(picture)).save("other.png", **info)
    ran = run("replay other.png")
    assert (ran.code, ran.text) == (1, "other.png: differs\n")


@pytest.mark.parametrize("suffix", ["jpg", "webp"])
def test_replay_knows_what_a_format_does_to_pixels(run: Callable, suffix: str) -> None:
    run(f"{EDIT} -o out.{suffix}")
    assert run(f"replay out.{suffix}").text == f"out.{suffix}: identical\n"
    with Image.open(f"out.{suffix}") as picture:
        exif = picture.info["exif"]
        Image.fromarray(255 - np.asarray(picture)).save(f"other.{suffix}", exif=exif)
    assert run(f"replay other.{suffix}").code == 1


@pytest.mark.parametrize("name", ["12:30.png", "~a.png", "~", "a\\..\\b.png", "\\x.png"])
def test_replay_reads_what_was_recorded_of_odd_names(run: Callable, name: str) -> None:
    Path("face.png").rename(name)
    run("edit", name, *EDIT.split()[2:], "-o", "out.png")
    ran = run("replay", "out.png", *(["--image", name] if ".." in name else []))
    assert ran.text == "out.png: identical\n", ran.err


@pytest.mark.parametrize("name", ["runs/pixel", "sd:1.5", "~model"])
def test_replay_finds_a_model_that_is_a_folder(run: Callable, here: Path, name: str) -> None:
    write_model(here / name)
    run(f"{EDIT.replace('tiny', './' + name)} -o out.png")
    assert run("replay out.png").text == "out.png: identical\n"


def test_replay_says_how_to_name_a_model_that_is_elsewhere(
    run: Callable, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_model(here / "pixel")
    (here / "work").mkdir()
    monkeypatch.chdir("work")
    for model in ("../pixel", "../pixel/unet/..", str(here / "pixel")):
        run(f"{EDIT.replace('face', '../face').replace('tiny', model)} -o out.png --overwrite")
        lost = run("replay out.png --image ../face.png")
        assert lost.code == 3
        assert "-m FOLDER" in lost.err
        assert run("replay out.png --image ../face.png -m ../pixel").code == 0


def test_replay_finds_the_original_by_its_content(run: Callable, here: Path) -> None:
    Path("made").mkdir()
    run(f"{EDIT} -o made/out.png")
    Path("face.png").rename("moved.png")
    Image.new("RGB", (30, 40)).save("face.png")
    lost = run("replay made/out.png")
    assert lost.code == 2
    assert "--image FILE" in lost.err
    assert run("replay made/out.png --image moved.png").text == "made/out.png: identical\n"


def _texts(picture: Image.Image) -> object:
    from PIL.PngImagePlugin import PngInfo

    texts = PngInfo()
    texts.add_itxt("overpaint", str(picture.info["overpaint"]))
    return texts
