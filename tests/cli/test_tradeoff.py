"""`overpaint tradeoff`: a table, a plot, numbers, and what is refused."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from overpaint import parts
from overpaint.methods.realism import Gallery

from ..methods.test_aiming import REAL, Brightness

QUICK = "tradeoff face.png -m tiny --steps 2 -n 2"


@pytest.fixture
def judged(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Real pictures and a judge of them; the folders that were asked for."""
    asked: list[str] = []
    gallery = Gallery(Brightness, lambda folder: asked.append(folder) or REAL)
    monkeypatch.setattr(parts, "find_gallery", lambda *given: gallery)
    return asked


def test_a_table_a_plot_and_the_numbers(run: Callable, judged: list[str]) -> None:
    ran = run(f"{QUICK} --strengths 0.2,0.5 --real photos -o curve.png --csv curve.csv")
    assert (ran.code, ran.err, judged) == (0, "", ["photos"])
    head, first, second, knee, path = ran.text.splitlines()
    assert head.split() == ["STRENGTH", "L2", "KID", "BOUND", "ON", "L2"]
    assert (first[:3], second[:3], path) == ("0.2", "0.5", "curve.png")
    assert knee.startswith("knee: strength 0.")
    assert Image.open("curve.png").size == (960, 360)
    assert Path("curve.csv").read_text().startswith("strength,faithfulness,realism,bound\n0.2,")


def test_a_line_for_programs(run: Callable, judged: list[str]) -> None:
    found = json.loads(run(f"{QUICK} --strengths 0.2,0.5 --json -O solver=ve").text)
    assert [point["strength"] for point in found["points"]] == [0.2, 0.5]
    assert (found["pictures"], found["path"]) == (2, None)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("", "no real pictures are known for tiny"),
        ("--real nowhere", "there is no such folder"),
        ("--strengths 0.2,high", "is no list of numbers"),
        ("--strengths 0", "strength must be in (0, 1]"),
        ("-O strength=0.5", "strength is what the curve shows"),
        ("-O label=3", "tiny has no classes"),
        ("--csv face.png", "it exists already"),
        ("--csv none/curve.csv", "its folder does not exist"),
        ("-o face.png --overwrite", "face.png is an input"),
        ("--csv face.png --overwrite", "face.png is an input"),
        ("--real . -o other.png --overwrite", "other.png is an input"),
        ("-o curve.png --csv ./curve.png", "would be written twice"),
    ],
)
def test_what_cannot_be_is_said_shortly(run: Callable, more: str, said: str) -> None:
    face = Path("face.png").read_bytes()
    Path("other.png").write_bytes(face)
    ran = run(f"{QUICK} {more}")
    assert ran.code in (1, 2)
    assert Path("face.png").read_bytes() == face
    assert said in ran.err
    assert ran.text == ""
