"""Where a face is, and which of several are meant."""

import sys

import numpy as np
import pytest

import overpaint
from overpaint.data import finding
from overpaint.data.face import Face
from overpaint.data.faces import choose, faces
from overpaint.data.images import read_image
from overpaint.errors import ImageReadError, OptionError

LEFT, MIDDLE, RIGHT = Face(10, 30, 12), Face(40, 20, 14, -8.5), Face(70, 22, 13, 4)


@pytest.fixture
def picture():
    return read_image(np.zeros((50, 90, 3), np.uint8))


@pytest.fixture
def seen(monkeypatch):
    """A finder that sees these faces, the surest first."""
    found = [MIDDLE, RIGHT, LEFT]
    monkeypatch.setattr(finding, "find", lambda pixels: list(found))
    return found


@pytest.mark.usefixtures("seen")
def test_faces_are_numbered_from_left_to_right(picture):
    assert faces(picture) == (LEFT, MIDDLE, RIGHT)
    assert choose(picture, 2) == choose(picture, "2") == choose(picture, np.int64(2)) == (MIDDLE,)
    assert choose(picture, "all") == (LEFT, MIDDLE, RIGHT)


def test_the_only_face_needs_no_choice(picture, seen):
    seen[:] = [RIGHT]
    assert choose(picture, "auto") == choose(picture, 1) == (RIGHT,)


@pytest.mark.usefixtures("seen")
def test_several_faces_are_listed_when_none_was_chosen(picture):
    with pytest.raises(OptionError, match="3 faces were found and none was chosen") as error:
        choose(picture, "auto")
    assert "1 at (10, 30) of 12 pixels, 2 at (40, 20) of 14 pixels" in error.value.why
    assert "--face" in error.value.hint


def test_a_crowd_is_not_listed_whole(picture, seen):
    seen[:] = [Face(x, 20, 12) for x in range(30)]
    with pytest.raises(OptionError) as error:
        choose(picture, "auto")
    assert error.value.why.endswith("18 more")


def test_no_face_is_said_with_what_to_do(picture, seen):
    seen.clear()
    for asked in ("auto", "all", 1):
        with pytest.raises(ImageReadError, match="no face was found") as error:
            choose(picture, asked)
        assert error.value.hint


@pytest.mark.usefixtures("seen")
@pytest.mark.parametrize("asked", [0, -1, "0", "first", "", 1.0, True, [], ["1"], [LEFT, 2]])
def test_what_is_no_choice_is_refused(picture, asked):
    with pytest.raises(OptionError, match=r"auto, all or a number|`Face`s"):
        choose(picture, asked)


@pytest.mark.usefixtures("seen")
def test_a_number_beyond_the_last_is_refused(picture):
    with pytest.raises(OptionError, match="there is no face 4") as error:
        choose(picture, 4)
    assert "up to 3" in error.value.hint


def test_given_faces_need_no_finder(picture, monkeypatch):
    monkeypatch.setattr(finding, "find", lambda pixels: pytest.fail("looked for faces"))
    assert choose(picture, None) == ()
    assert choose(picture, LEFT) == (LEFT,)
    assert choose(picture, [RIGHT, LEFT]) == (RIGHT, LEFT)


def test_a_missing_library_is_named_with_how_to_get_it(picture, monkeypatch):
    monkeypatch.setitem(sys.modules, "dlib", None)
    with pytest.raises(OptionError, match="dlib") as error:
        overpaint.faces(picture)
    assert "overpaint[faces]" in error.value.hint


@pytest.mark.parametrize("change", [{"x": -1}, {"y": float("nan")}, {"size": 0}, {"tilt": 200}])
def test_numbers_that_are_no_place_are_refused(change):
    with pytest.raises(OptionError, match=f"{next(iter(change))} of a face"):
        Face(**{"x": 1, "y": 1, "size": 9, **change})


@pytest.mark.parametrize("turn", [0, 30, -75])
def test_landmarks_give_the_square_of_ffhq(turn):
    """Eyes a quarter of the side apart; its middle a tenth of the way from eyes to mouth."""
    c, s = np.cos(np.radians(turn)), np.sin(np.radians(turn))
    place = [(100 + c * x - s * y, 120 + s * x + c * y) for x, y in ((-20, 0), (20, 0), (0, 42))]
    square = Face.of_eyes(*place).square
    assert (square.side, square.tilt) == pytest.approx((160, turn))
    assert (square.x, square.y) == pytest.approx((100 - s * 4.2, 120 + c * 4.2))
    wide = Face.of_eyes((0, 40), (40, 40), (20, 90)).square  # a long face: the mouth decides
    assert wide.side == pytest.approx(180)


def test_the_square_of_a_face_holds_its_box_and_more_above():
    face = Face(100, 100, 40, 25)
    right, down = np.array(face.square.axes) @ (face.x - face.square.x, face.y - face.square.y)
    assert right == pytest.approx(0)
    assert 0 < down < (face.square.side - face.size) / 2
