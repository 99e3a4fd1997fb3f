"""Several adapters on the command line: typed, recorded, done again."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import overpaint
from overpaint import adapters
from overpaint.data.face import Face
from overpaint.data.metadata import read_record
from overpaint.methods.shares import Share
from overpaint.models.families.tiny import tiny

from ..adapters import write_random

EDIT = "edit face.png -p x -m tiny --steps 2 -O num_inversion_steps=3 -O bridge=off -o out.png"


@pytest.fixture(autouse=True)
def tuned(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Adapters of the tiny model: two embedded, one in a folder; and masks of the face."""
    monkeypatch.setattr(adapters, "WEIGHTS", here / "weights")
    monkeypatch.setattr(adapters, "cache", lambda: here / "cache")
    card = {"base": tiny().hash, "prompt": "a sketch"}
    for seed, name in enumerate(("weights/adapters/ink", "weights/adapters/hat", "runs/clay")):
        write_random(tiny(), here / name, seed, **card, t0=400 + 100 * (seed == 2))
    mask = np.zeros((40, 30), np.uint8)
    mask[:20] = 255
    Image.fromarray(mask).save("top.png")


def pixels(path: str) -> np.ndarray:
    return np.asarray(Image.open(path)).astype(int)


def test_all_that_was_typed_is_recorded_and_done_again(run: Callable) -> None:
    typed = ("ink:0.6", "runs/clay:500=0..0=1", "hat:-0.5@top.png")
    ran = run(*EDIT.split(), *(word for one in typed for word in ("--adapter", one)), "-v")
    assert ran.code == 0, ran.err
    assert "tuned to t0=400 and 500: all return to 500" in ran.err
    parts = read_record("out.png").parts
    weights = [parts[f"adapter{number} weight"] for number in ("", " 2", " 3")]
    assert weights == ["0.6", "500.0=0.0..0.0=1.0", "-0.5"]
    files = [parts[name].split(" ")[0] for name in ("adapter", "adapter 2", "adapter 3 mask")]
    assert files == ["ink", "runs/clay", "top.png"]
    assert run("replay out.png").text == "out.png: identical\n"


def test_replay_is_told_of_folders_and_masks_that_moved(run: Callable, here: Path) -> None:
    run(*EDIT.split(), "--adapter", "runs/clay:0.5@top.png", "--adapter", "ink")
    Path("runs").rename("moved")
    Path("top.png").rename("moved/mask.png")
    lost = run("replay out.png")
    assert lost.code == 2
    assert "--adapter NAME@MASK" in lost.err
    few = run("replay out.png --adapter moved/clay@moved/mask.png")
    assert few.code == 2
    assert "1 adapters are given, and the edit had 2" in few.err
    found = run("replay out.png --adapter moved/clay@moved/mask.png --adapter ink")
    assert found.text == "out.png: identical\n", found.err
    swapped = run("replay out.png --adapter ink@moved/mask.png --adapter moved/clay -v")
    assert swapped.code == 1
    assert "part adapter: runs/clay" in swapped.err


def test_python_and_the_command_line_make_the_same(run: Callable) -> None:
    run(*EDIT.split(), "--adapter", "ink:0.5@top.png", "--adapter", "hat:300=1,0=0.5")
    given = [Share("ink", 0.5, Image.open("top.png")), Share("hat", "300=1,0=0.5")]
    options = {"num_inference_steps": 2, "num_inversion_steps": 3, "bridge": "off"}
    result = overpaint.edit("face.png", "x", model="tiny", adapter=given, **options)
    assert np.array_equal(np.asarray(result.images[0]), pixels("out.png"))


def test_where_a_mask_is_black_an_adapter_does_nothing(run: Callable) -> None:
    run(*EDIT.split(), "--adapter", "ink", "-O", "degree=0")
    untuned = pixels("out.png")
    Image.new("L", (30, 40)).save("black.png")
    run(*EDIT.split(), "--overwrite", "--adapter", "ink@black.png")
    assert np.abs(pixels("out.png") - untuned).max() <= 1
    run(*EDIT.split(), "--overwrite", "--adapter", "ink")
    assert np.abs(pixels("out.png") - untuned).max() > 10


def test_merging_asks_once(run: Callable) -> None:
    several = [*EDIT.split(), "--adapter", "ink", "--adapter", "hat", "--json", "--overwrite"]
    for combine, calls in (("noise", 3 + 2 * 3), ("weights", 3 + 2)):
        (line,) = run(*several, "-O", f"combine={combine}").text.splitlines()
        assert json.loads(line)["calls"] == calls
    refused = run(*several, "--adapter", "ink@top.png", "-O", "combine=weights")
    assert refused.code == 2
    assert "combine=noise" in refused.err


@pytest.mark.parametrize("name", ["../runs/clay", "/etc", "~/clay"])
def test_a_record_that_names_a_path_elsewhere_is_refused(run: Callable, name: str) -> None:
    run(*EDIT.split(), "--adapter", "ink")
    with Image.open("out.png") as picture:
        record = json.loads(picture.info["overpaint"])
        record["parts"]["adapter"] = f"{name} 0123456789"
        from PIL.PngImagePlugin import PngInfo

        texts = PngInfo()
        texts.add_itxt("overpaint", json.dumps(record))
        picture.save("other.png", pnginfo=texts)
    ran = run("replay other.png")
    assert ran.code == 5
    assert "path" in ran.err


def test_times_beyond_the_schedule_and_unknown_names_are_told(run: Callable) -> None:
    late = run(*EDIT.split(), "--adapter", "ink:5000=1,0=0")
    assert (late.code, "in [0, 999], got 5000" in late.err) == (2, True)
    unknown = run(*EDIT.split(), "--adapter", "ink", "--adapter", "hut")
    assert (unknown.code, "did you mean 'hat'?" in unknown.err) == (3, True)
    small = Image.new("L", (9, 40))
    small.save("thin.png")
    thin = run(*EDIT.split(), "--adapter", "ink@thin.png")
    assert (thin.code, "the mask is 9 x 40, the picture 30 x 40" in thin.err) == (2, True)


def test_a_search_behind_a_bridge_is_done_again(run: Callable) -> None:
    search = "-O t0=auto -O identity=-1 -O bridge=on -O bridge_steps=2"
    ran = run(f"{EDIT.replace('-O bridge=off', search)} --adapter ink --method diffusionclip")
    assert ran.code == 0, ran.err
    options = read_record("out.png").options
    assert float(options["t0"]) > 0.5 * 999  # beyond where the bridge begins
    assert options["bridge_strength"] == 0.5
    assert run("replay out.png").text == "out.png: identical\n"


def test_each_face_has_its_own_part_of_an_adapters_mask(here: Path) -> None:
    pixels = np.tile(np.asarray(Image.open("face.png").convert("RGB")), (1, 2, 1))
    height, width, _ = pixels.shape
    mask = np.zeros((height, width), np.uint8)
    mask[:, width // 2 :] = 255
    faces = [Face(width * k / 4, height / 2, width / 6) for k in (1, 3)]
    share = Share("ink", 3.0, Image.fromarray(mask))
    how = {"model": tiny(), "num_inversion_steps": 2, "bridge": "off"}
    for order in (faces, faces[::-1]):
        made = overpaint.edit(Image.fromarray(pixels), "x", face=order, adapter=share, **how)
        plain = overpaint.edit(Image.fromarray(pixels), "x", face=order, adapter=("ink", 0), **how)
        apart = np.abs(np.asarray(made.images[0]).astype(int) - np.asarray(plain.images[0]))
        left, right = apart[:, : width // 2 - 4].mean(), apart[:, width // 2 + 4 :].mean()
        assert right > 10 * left


@pytest.mark.parametrize(
    "entry", [{"t0": "abc"}, {"t0": -5}, {"prompt": 5}, {"aliases": 5}, {"aliases": [3]}]
)
def test_a_damaged_card_is_told(run: Callable, here: Path, entry: dict) -> None:
    card = json.loads((here / "runs/clay/card.json").read_text())
    (here / "runs/clay/card.json").write_text(json.dumps(card | entry))
    ran = run(f"{EDIT} --adapter runs/clay")
    assert (ran.code, "is damaged" in ran.err) == (5, True)


def test_a_text_that_is_its_own_source_is_refused(run: Callable) -> None:
    ran = run(*f"{EDIT} --adapter ink --source-prompt".split(), " X ")
    assert (ran.code, "mean the same" in ran.err) == (2, True)
