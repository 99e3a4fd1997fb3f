"""`overpaint faces` and `edit --face`."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from overpaint.data import finding
from overpaint.data.face import Face
from overpaint.data.metadata import read_record

EDIT = "edit face.png --method sdedit -m tiny --steps 1 -o out.png"
FIND = finding.find
LEFT, RIGHT = Face(8, 15, 5, 3.5, 1.25), Face(22, 20, 6)


@pytest.fixture(autouse=True)
def seen(monkeypatch: pytest.MonkeyPatch) -> list[Face]:
    """The faces that a finder sees in `face.png`."""
    found = [RIGHT, LEFT]
    monkeypatch.setattr(finding, "find", lambda pixels: list(found))
    return found


def test_faces_are_listed_from_left_to_right(run: Callable) -> None:
    lines = run("faces face.png").text.splitlines()
    assert [line.split() for line in lines] == [
        ["FACE", "X", "Y", "SIZE", "TILT", "SCORE"],
        ["1", "8", "15", "5", "3.5", "1.25"],
        ["2", "22", "20", "6", "0", "0"],
    ]


def test_each_face_is_a_line_of_json(run: Callable) -> None:
    lines = [json.loads(line) for line in run("faces face.png --json").text.splitlines()]
    assert [line["number"] for line in lines] == [1, 2]
    assert lines[0] == {"number": 1, "x": 8, "y": 15, "size": 5, "tilt": 3.5, "score": 1.25}


def test_faces_are_marked_in_a_copy(run: Callable) -> None:
    assert run("faces face.png -o marked.png").code == 0
    before, after = (np.asarray(Image.open(name)) for name in ("face.png", "marked.png"))
    differ = np.any(before != after, axis=2)
    assert differ.any()
    assert not differ[35:].any()
    refused = run("faces face.png -o marked.png")
    assert (refused.code, "--overwrite" in refused.err) == (2, True)


def test_a_face_is_edited_by_its_number(run: Callable) -> None:
    assert run(f"{EDIT} --face 2").code == 0
    assert read_record("out.png").faces == (RIGHT,)
    assert run("replay out.png").text == "out.png: identical\n"
    left = np.asarray(Image.open("out.png"))[:, :14]
    assert np.array_equal(left, np.asarray(Image.open("face.png"))[:, :14])


def test_a_choice_that_is_not_clear_is_an_error_of_three_lines(
    run: Callable, seen: list[Face]
) -> None:
    several = run(f"{EDIT} --face auto")
    assert several.code == 2
    assert "2 faces were found" in several.err
    assert "1 at (8, 15) of 5 pixels" in several.err
    beyond = run(f"{EDIT} --face 3")
    assert (beyond.code, "there is no face 3" in beyond.err) == (2, True)
    other = run(f"{EDIT} --face left")
    assert (other.code, "auto, all or a number" in other.err) == (2, True)
    seen.clear()
    for command in (f"{EDIT} --face auto", "faces face.png"):
        none = run(command)
        assert (none.code, none.out) == (2, b"")
        assert "no face was found in face.png" in none.err
    assert not Path("out.png").exists()


def test_a_missing_library_is_told(run: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finding, "find", FIND)
    monkeypatch.setitem(sys.modules, "dlib", None)
    missing = run("faces", "face.png")
    assert missing.code == 2
    assert "overpaint[faces]" in missing.err
