"""`overpaint strokes`: files, pipes, masks, and nothing overwritten."""

import io
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from .test_pipes import Pipe


@pytest.fixture
def drawn(here: Path) -> Path:
    """`drawn.png`, a red square on nothing, of the size of `face.png`."""
    image = Image.new("RGBA", (30, 40))
    image.paste((255, 0, 0, 255), (5, 10, 15, 20))
    image.save("drawn.png")
    return here / "drawn.png"


def pixels(path: str | io.BytesIO) -> np.ndarray:
    return np.asarray(Image.open(path))


def test_a_picture_is_painted_and_named_after_itself(run: Callable) -> None:
    ran = run("strokes simulate face.png --colours 3")
    assert (ran.code, ran.text, ran.err) == (0, "face.strokes.png\n", "")
    assert len(np.unique(pixels("face.strokes.png").reshape(-1, 3), axis=0)) <= 3
    assert run("strokes simulate face.png").text == "face.strokes-1.png\n"
    assert run("strokes simulate face.png -o face.strokes.png").code == 2


def test_a_drawing_lies_over_a_picture_with_a_mask(run: Callable, drawn: Path) -> None:
    ran = run("strokes lay drawn.png --over face.png -o guide.png --mask-out mask.png -v")
    assert ran.text.split() == ["guide.png", "mask.png"]
    assert "8.3% painted" in ran.err
    mask, guide = pixels("mask.png") > 0, pixels("guide.png")
    assert mask.sum() == 100
    assert (guide[mask] == (255, 0, 0)).all()
    assert np.array_equal(guide[~mask], pixels("face.png")[~mask])
    edit = "edit guide.png -m tiny --method sdedit --steps 1 --mask mask.png -o out.png"
    assert run(edit).code == 0
    assert np.array_equal(pixels("out.png")[~mask], pixels("face.png")[~mask])


def test_paper_is_plain(run: Callable, drawn: Path) -> None:
    assert (
        run("strokes lay drawn.png --paper #010203 -o guides/").text == "guides/drawn.guide.png\n"
    )
    assert pixels("guides/drawn.guide.png")[0, 0].tolist() == [1, 2, 3]


def test_strokes_go_through_pipes(run: Callable, drawn: Path, monkeypatch: pytest.MonkeyPatch):
    assert run("strokes lay drawn.png --over face.png -o file.png").code == 0
    monkeypatch.setattr("sys.stdin", Pipe(drawn.read_bytes()))
    ran = run("strokes lay - --over face.png --mask-out mask.png")
    assert np.array_equal(pixels(io.BytesIO(ran.out)), pixels("file.png"))
    assert ran.err == ""
    monkeypatch.setattr("sys.stdin", Pipe(Path("face.png").read_bytes()))
    assert run("strokes lay drawn.png --over - -o piped.png").code == 0
    assert np.array_equal(pixels("piped.png"), pixels("file.png"))
    monkeypatch.setattr("sys.stdin", Pipe(drawn.read_bytes()))
    told = json.loads(run("strokes lay - --paper white --json").text)
    assert told["path"] == "stdin.guide.png"


def test_nothing_is_written_where_something_is_in_the_way(run: Callable, drawn: Path) -> None:
    Path("mask.png").write_bytes(b"mine")
    lay = "strokes lay drawn.png --over face.png -o guide.png --mask-out mask.png"
    assert run(lay).code == 2
    assert not Path("guide.png").exists()
    assert run(f"{lay} --overwrite").code == 0
    assert pixels("mask.png").shape == (40, 30)


@pytest.mark.parametrize("mask", ["-", "guide.png"])
def test_a_mask_has_a_file_of_its_own(run: Callable, drawn: Path, mask: str) -> None:
    ran = run(f"strokes lay drawn.png --over face.png -o guide.png --mask-out {mask}")
    assert ran.code == 2
    assert not Path("guide.png").exists()


def test_a_transparent_picture_is_painted_opaque(run: Callable, drawn: Path) -> None:
    assert run("strokes simulate drawn.png -o strokes.jpg").code == 0
    ran = run("strokes lay face.png --over drawn.png -o guide.jpg")
    assert ran.code == 2  # the picture below is transparent, so the guide would be
    assert "transparent" in ran.err
