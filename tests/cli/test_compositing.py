"""`overpaint strokes paste` and `mask`: a guide, its mask, and the mask found again."""

import io
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from .test_pipes import Pipe
from .test_strokes import pixels


@pytest.fixture
def patch(here: Path) -> Path:
    """`patch.png`, 8 x 6, red in its left half."""
    image = Image.new("RGBA", (8, 6))
    image.paste((255, 0, 0, 255), (0, 0, 4, 6))
    image.save("patch.png")
    return here / "patch.png"


def test_a_patch_is_pasted_edited_in_its_mask_and_the_rest_kept(run: Callable, patch: Path) -> None:
    paste = "strokes paste patch.png --onto face.png --at 5,10 -o guide.png --mask-out mask.png -v"
    ran = run(paste)
    assert ran.text.split() == ["guide.png", "mask.png"]
    assert "2.0% painted" in ran.err
    mask, guide = pixels("mask.png") > 0, pixels("guide.png")
    assert np.argwhere(mask).min(axis=0).tolist() == [10, 5]
    assert mask.sum() == 24
    assert (guide[mask] == (255, 0, 0)).all()
    edit = "edit guide.png -m tiny --method sdedit --steps 1 --mask mask.png -o out.png"
    assert run(edit).code == 0
    assert np.array_equal(pixels("out.png")[~mask], pixels("face.png")[~mask])


def test_a_patch_partly_outside_is_cut_off(run: Callable, patch: Path) -> None:
    assert run("strokes paste patch.png --onto face.png --at -2,-3 -o guide.png").code == 0
    guide, face = pixels("guide.png"), pixels("face.png")
    assert (guide[:3, :2] == (255, 0, 0)).all()
    assert np.array_equal(guide[3:], face[3:])


@pytest.mark.parametrize("size", ["--scale 2", "--width 16"])
def test_a_patch_is_sized(run: Callable, patch: Path, size: str) -> None:
    paste = f"strokes paste patch.png --onto face.png {size} -o guide.png --mask-out mask.png"
    assert run(paste).code == 0
    assert (pixels("mask.png")[:12, :6] == 255).all()
    assert not pixels("mask.png")[12:].any()


def test_the_mask_is_found_from_guide_and_original(run: Callable, patch: Path) -> None:
    paste = "strokes paste patch.png --onto face.png --at 5,10 --grow 2"
    assert run(f"{paste} -o guide.png --mask-out mask.png").code == 0
    ran = run("strokes mask guide.png face.png --grow 2")
    assert ran.text == "guide.mask.png\n"
    assert np.array_equal(pixels("guide.mask.png"), pixels("mask.png"))
    told = json.loads(run("strokes mask guide.png face.png --threshold 0 --json").text)
    assert told["painted"] == pytest.approx(24 / 1200)


@pytest.mark.parametrize(
    "command",
    [
        "strokes mask face.png other.png -o other.png",
        "strokes mask face.png other.png -o link.png",
        "strokes paste patch.png --onto face.png -o face.png",
        "strokes paste patch.png --onto face.png -o guide.png --mask-out face.png",
        "strokes paste patch.png --onto face.png -o guide.png --mask-out patch.png",
        "strokes lay patch.png --over face.png -o face.png",
        "strokes simulate face.png -o face.png",
    ],
)
def test_what_is_read_is_never_replaced(run: Callable, patch: Path, command: str) -> None:
    Path("other.png").write_bytes(Path("face.png").read_bytes())
    Path("link.png").symlink_to("other.png")
    before = {path: path.read_bytes() for path in Path().iterdir()}
    ran = run(f"{command} --overwrite")
    assert ran.code == 2
    assert "is an input of this command" in ran.err
    assert {path: path.read_bytes() for path in Path().iterdir()} == before


def test_an_input_named_like_an_output_in_a_folder_stays(run: Callable, patch: Path) -> None:
    patch.rename("patch.guide.png")
    assert run("strokes paste patch.guide.png --onto face.png").code == 0
    Path("patch.guide.png").rename("patch.png")
    Path("face.png").rename("patch.guide.png")
    ran = run("strokes paste patch.png --onto patch.guide.png")
    assert ran.text == "patch.guide-1.png\n"


def test_pipes_carry_patch_picture_and_guide(
    run: Callable, patch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("strokes paste patch.png --onto face.png -o file.png").code == 0
    monkeypatch.setattr("sys.stdin", Pipe(patch.read_bytes()))
    piped = run("strokes paste - --onto face.png")
    assert np.array_equal(pixels(io.BytesIO(piped.out)), pixels("file.png"))
    monkeypatch.setattr("sys.stdin", Pipe(Path("face.png").read_bytes()))
    assert run("strokes paste patch.png --onto - -o piped.png").code == 0
    assert np.array_equal(pixels("piped.png"), pixels("file.png"))
    monkeypatch.setattr("sys.stdin", Pipe(piped.out))
    assert run("strokes mask - face.png -o mask.png").code == 0
    assert (pixels("mask.png") > 0).sum() == 24
    monkeypatch.setattr("sys.stdin", Pipe(piped.out))
    both = run("strokes mask - - -o both.png")
    assert both.code == 2
    assert "stdin carries one picture" in both.err
