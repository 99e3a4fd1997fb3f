"""Inverted masks, regions, zoom, extension: from the command line, into the record, and again."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from overpaint.cli import masks
from overpaint.data.metadata import read_record
from overpaint.errors import OptionError
from overpaint.methods import registry
from overpaint.methods.options import opt
from overpaint.methods.registry import Outcome, Run, Task
from overpaint.models.bundle import DiffusionModel

EDIT = "edit face.png --method sdedit -m tiny --steps 1"


def pixels(path: str) -> np.ndarray:
    return np.asarray(Image.open(path))


def write_mask(name: str, left: int, top: int, right: int, bottom: int) -> np.ndarray:
    values = np.zeros((40, 30), np.uint8)
    values[top:bottom, left:right] = 255
    Image.fromarray(values).save(name)
    return values > 0


@dataclass(frozen=True)
class Flat:
    """Options of the double."""

    num_inference_steps: int = opt(1, "none is made", 1, 9)


@pytest.fixture
def flat(monkeypatch: pytest.MonkeyPatch) -> None:
    """A method that takes regions: each becomes as grey as its text is long."""
    monkeypatch.setattr(registry, "_METHODS", dict(registry.methods()))

    @registry.register("flat", title="Flat", paper="1", options=Flat, regions=True)
    def paint(model: DiffusionModel, task: Task, options: Flat, run: Run) -> Outcome:
        image = task.image.repeat(len(run.seeds), 1, 1, 1)
        for region in task.regions:
            grey = len(region.prompt) / 10
            image = image * (1 - region.mask) + grey * region.mask
        return Outcome(image, redrawn=True)


def test_an_inverted_mask_keeps_what_the_mask_marks(run: Callable, here: Path) -> None:
    white = write_mask("mask.png", 5, 5, 25, 30)
    run(f"{EDIT} --mask mask.png --invert-mask -o out.png")
    before, after = pixels("face.png"), pixels("out.png")
    assert np.array_equal(before[white], after[white])
    assert not np.array_equal(before[~white], after[~white])
    record = read_record("out.png")
    assert (record.mask, record.invert_mask) == ("mask.png", True)
    assert run("replay out.png").text == "out.png: identical\n"


@pytest.mark.parametrize("zoom", ["on", "off", "auto"])
def test_a_replay_zooms_as_the_edit_did(run: Callable, here: Path, zoom: str) -> None:
    white = write_mask("mask.png", 12, 12, 18, 18)
    told = json.loads(run(f"{EDIT} --mask mask.png --zoom {zoom} -o out.png --json").text)
    zoomed = zoom != "off"
    assert told["record"]["zoom"] == zoomed
    assert any("zoomed in" in note for note in told["warnings"]) == zoomed
    assert np.array_equal(pixels("face.png")[~white], pixels("out.png")[~white])
    assert run("replay out.png").text == "out.png: identical\n"


def test_an_extended_picture_holds_the_original_byte_for_byte(run: Callable, here: Path) -> None:
    run(f"{EDIT} --extend right=0.5,top=0.25 -o out.png")
    after = pixels("out.png")
    assert after.shape == (50, 45, 3)
    assert np.array_equal(after[10:, :30], pixels("face.png"))
    assert read_record("out.png").extend == "right=0.5,top=0.25"
    assert run("replay out.png").text == "out.png: identical\n"


@pytest.mark.usefixtures("flat")
def test_each_region_has_its_own_text(run: Callable, here: Path) -> None:
    hat, coat = write_mask("hat=1.png", 2, 2, 28, 12), write_mask("coat.png", 2, 20, 28, 38)
    edit = ["edit", "face.png", "--method", "flat", "-m", "tiny", "--zoom", "off", "-o", "out.png"]
    ran = run(*edit, "--region", "hat=1.png=hat", "--region", "coat.png=")
    assert ran.code == 0, ran.err
    before, after = pixels("face.png"), pixels("out.png")
    assert np.array_equal(before[~hat & ~coat], after[~hat & ~coat])
    middle = (after[7, 15], after[29, 15])
    assert [int(value[0]) for value in middle] == [round(127.5 + 0.3 * 127.5), 128]
    regions = read_record("out.png").regions
    assert [(each.mask, each.prompt) for each in regions] == [
        ("hat=1.png", "hat"),
        ("coat.png", ""),
    ]
    assert run("replay out.png").text == "out.png: identical\n"


@pytest.mark.usefixtures("flat")
def test_each_region_is_looked_at_by_itself(run: Callable, here: Path) -> None:
    write_mask("hat.png", 2, 2, 28, 12)
    write_mask("dot.png", 10, 30, 12, 32)
    write_mask("none.png", 0, 0, 0, 0)
    regions = "--region hat.png=hat --region dot.png=bow --region none.png="
    ran = run(f"edit face.png --method flat -m tiny {regions} -o out.png --json")
    black, few = sorted(json.loads(ran.text)["warnings"], reverse=True)
    assert black.startswith("the mask of 'none.png' is black everywhere: it changes nothing")
    assert few.startswith("the mask of 'bow' covers 1 of the model's 16 x 16 pixels, too few")


@pytest.mark.usefixtures("flat")
def test_masks_of_regions_are_found_by_content(run: Callable, here: Path) -> None:
    write_mask("hat.png", 2, 2, 28, 12)
    write_mask("coat.png", 2, 20, 28, 38)
    run("edit face.png --method flat -m tiny --region hat.png=a --region coat.png=bb -o out.png")
    Path("hat.png").rename("away.png")
    lost = run("replay out.png")
    assert lost.code == 2
    assert "--mask FILE" in lost.err
    again = run("replay out.png --mask coat.png --mask away.png")
    assert again.text == "out.png: identical\n"


def test_regions_are_split_at_the_first_name_that_is_a_file(here: Path) -> None:
    Path("a=b.png").write_bytes(b"")
    assert masks.split("a=b.png=x=y") == ("a=b.png", "x=y")
    assert masks.split("nope=b.png=x") == ("nope", "b.png=x")
    assert masks.split("face.png= a hat ") == ("face.png", "a hat")
    for wrong in ("face.png", "=a hat", ""):
        with pytest.raises(OptionError):
            masks.split(wrong)


def test_a_picture_never_replaces_a_mask_of_its_own(run: Callable, here: Path) -> None:
    write_mask("mask.png", 5, 5, 25, 30)
    Path("link.png").symlink_to("mask.png")
    kept = Path("mask.png").read_bytes()
    for more in ("--mask mask.png -o mask.png", "--mask link.png -o mask.png"):
        refused = run(f"{EDIT} {more} --overwrite")
        assert refused.code == 2
        assert "is an input of this command" in refused.err
    run(f"{EDIT} --mask mask.png -o out.png")
    assert run("replay out.png --mask mask.png -o mask.png --overwrite").code == 2
    assert Path("mask.png").read_bytes() == kept
