"""`overpaint explain`."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from overpaint import explain
from overpaint.errors import OptionError

EXPLAIN = ("explain", "face.png", "-m", "tiny-text", "--steps", "2", "-o", "out.png", "-p")


def test_each_word_has_a_share_and_a_map(run: Callable) -> None:
    rows = [line.split() for line in run(*EXPLAIN, "a Red hat, a hat").text.splitlines()]
    assert [row[0] for row in rows] == ["WORD", "a", "Red", "hat", "a", "hat"]
    assert all(0 < float(row[1]) < 1 for row in rows[1:])
    assert Image.open("out.png").width > 2 * 160


def test_shares_are_lines_of_json(run: Callable) -> None:
    found = run(*EXPLAIN, "red hat", "--json").text.splitlines()
    assert [json.loads(line)["word"] for line in found] == ["red", "hat"]


def test_weights_are_left_out(run: Callable) -> None:
    texts = ("a hat", "a (hat:2)")
    plain, heavy = (run(*EXPLAIN, text, "--json", "--overwrite").text for text in texts)
    assert plain == heavy


def test_what_cannot_be_explained_is_said(run: Callable) -> None:
    refused = run(*EXPLAIN, "")
    assert (refused.code, "prompt is empty" in refused.err) == (2, True)
    refused = run("explain face.png -m tiny -p hat -o out.png")
    assert (refused.code, "tiny reads no text" in refused.err) == (2, True)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"steps": 2.5}, r"steps must be a whole number in \[1, 1000\], got 2.5"),
        ({"strength": 2}, r"strength must be a number in \[0, 1\], got 2"),
        ({"strength": 0}, r"strength must be in \(0, 1\]"),
    ],
)
def test_what_is_out_of_range_is_named(here: Path, wrong: dict, message: str) -> None:
    with pytest.raises(OptionError, match=message):
        explain(here / "face.png", "a hat", model="tiny-text", **wrong)


def test_a_sheet_does_not_replace_the_picture_it_is_of(run: Callable) -> None:
    before = Path("face.png").read_bytes()
    ran = run("explain face.png -m tiny-text --steps 2 -p hat -o face.png --overwrite")
    assert ran.code == 2
    assert "face.png is an input of this command" in ran.err
    assert Path("face.png").read_bytes() == before


@pytest.mark.parametrize("prompt", [3, None])
def test_a_prompt_is_a_text(here: Path, prompt: object) -> None:
    with pytest.raises(OptionError, match=f"prompt must be a text, got {prompt}"):
        explain(here / "face.png", prompt, model="tiny-text")
