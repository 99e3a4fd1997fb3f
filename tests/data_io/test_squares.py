"""Squares cut out of a picture and laid back: what is smooth survives, turned or not."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from overpaint.data.squares import Square, cut, cut_mask, feather, laid, laid_mask

TILTS = (0, 17, -38, 90, 180)


def waves(width: int, height: int, length: float = 40) -> np.ndarray:
    """(height, width, 3) uint8 of smooth waves, brightest at the pixels' centres 0.5, ..."""
    y, x = (np.mgrid[:height, :width] + 0.5) * 2 * np.pi / length
    planes = [np.sin(x), np.cos(y), np.sin(x + 0.7 * y)]
    return np.rint(127.5 + 100 * np.stack(planes, axis=-1)).astype(np.uint8)


def whole(picture: np.ndarray) -> tuple[slice, slice]:
    return slice(0, picture.shape[0]), slice(0, picture.shape[1])


def test_an_upright_square_of_its_own_size_is_the_pixels_themselves():
    picture = waves(40, 30)
    found = cut(picture, Square(18, 14, 12, 0), 12)
    assert np.array_equal(found, picture[8:20, 12:24])


@pytest.mark.parametrize("tilt", [90, 180, -90])
def test_a_quarter_turn_turns_the_pixels(tilt):
    """A square turned clockwise shows its content turned counterclockwise."""
    picture = waves(30, 30)
    found = cut(picture, Square(15, 15, 20, tilt), 20)
    assert np.abs(found.astype(int) - np.rot90(picture[5:25, 5:25], tilt // 90)).max() <= 1


@pytest.mark.parametrize("tilt", TILTS)
@pytest.mark.parametrize("size", [48, 64, 96])
def test_what_is_cut_out_and_laid_back_is_what_was_there(tilt, size):
    picture, square = waves(110, 100), Square(54.3, 49.1, 60, tilt)
    back = laid(cut(picture, square, size).astype(np.float32), square, *whole(picture))
    inside = feather(square, *whole(picture), 0.05) == 1
    assert inside.sum() > 2000
    assert np.abs(back - picture)[inside].max() < 3


def test_beyond_its_edge_the_picture_is_mirrored():
    picture = waves(20, 16)
    found = cut(picture, Square(0, 8, 16, 0), 16)
    assert np.array_equal(found[:, 8:], picture[:, :8])
    assert np.array_equal(found[:, :8], picture[:, 7::-1])


def test_a_fine_pattern_is_averaged_away_and_does_not_alias():
    lines = np.zeros((400, 400, 3), np.uint8)
    lines[:, ::2] = 200
    for tilt in TILTS:
        found = cut(lines, Square(200, 200, 260, tilt), 16)
        assert np.abs(found.astype(int) - 100).max() <= 3


def test_a_huge_square_is_reduced_and_stays_in_place(monkeypatch):
    monkeypatch.setattr("overpaint.data.squares._MOST", 64)
    picture, square = waves(701, 603, 200), Square(333, 290, 470, 11)
    small = cut(picture, square, 16)
    monkeypatch.undo()
    assert np.abs(small.astype(int) - cut(picture, square, 16)).max() <= 3


@settings(max_examples=50, deadline=None)
@given(st.floats(-180, 180), st.integers(11, 18), st.integers(6, 13), st.sampled_from([4, 16, 50]))
def test_the_smallest_mask_has_effect(tilt, x, y, size):
    """A pixel of the mask whitens the cells that it lies in, whatever the tilt."""
    mask, square = np.zeros((20, 30), np.uint8), Square(15, 10, 12, tilt)
    mask[y, x] = 255
    found = cut_mask(mask, square, size)
    assert found.shape == (size, size)
    assert found.max() == 255
    right, down = np.array(square.axes) @ (x + 0.5 - 15, y + 0.5 - 10) / 12 + 0.5
    row, column = np.argwhere(found == 255).mean(axis=0) + 0.5
    assert abs(row - down * size) < 1 + size / 24
    assert abs(column - right * size) < 1 + size / 24


@pytest.mark.parametrize("tilt", TILTS)
def test_the_feather_is_all_within_and_nothing_beyond_and_has_no_step(tilt):
    square, every = Square(50, 50, 60, tilt), slice(0, 100)
    weight = feather(square, every, every, 0.2)
    y, x = np.mgrid[:100, :100] + 0.5 - 50
    outward = np.max([abs(x * a + y * b) for a, b in square.axes], axis=0)
    assert (weight[outward >= 30] == 0).all()
    assert (weight[outward <= 17.9] == 1).all()
    assert np.abs(np.diff(weight, axis=0)).max() < 1.5 / 12 * 1.1
    if tilt % 90 == 0:
        assert (np.diff(weight[:50], axis=0) >= 0).all()
        assert (np.diff(weight[50:], axis=0) <= 0).all()


def test_rows_laid_one_by_one_are_the_rows_of_the_whole():
    square, picture = Square(30, 20, 44, 12), waves(60, 40)
    values = cut(picture, square, 16).astype(np.float32)
    each = [laid(values, square, slice(y, y + 1), slice(0, 60)) for y in range(40)]
    assert np.allclose(np.concatenate(each), laid(values, square, *whole(picture)), atol=1e-3)


@pytest.mark.parametrize("tilt", TILTS)
def test_a_mask_that_was_cut_out_is_laid_back_in_its_place(tilt):
    mask = np.zeros((60, 80), np.uint8)
    mask[25:35, 30:50] = 255
    square = Square(41, 29, 30, tilt)
    rows, columns = square.within((80, 60))
    found = np.zeros_like(mask)
    found[rows, columns] = laid_mask(cut_mask(mask, square, 32), square, rows, columns)
    assert (found[27:33, 32:48] == 255).all()
    far = np.ones_like(mask, bool)
    far[22:38, 27:53] = False
    assert (found[far] == 0).all()


@pytest.mark.parametrize("tilt", TILTS)
def test_beyond_its_square_a_mask_is_black(tilt):
    square, part = Square(20, 20, 16, tilt), (slice(0, 40), slice(0, 40))
    found = laid_mask(np.full((8, 8), 255, np.uint8), square, *part)
    inside = feather(square, *part, 0) > 0
    assert (found[inside] > 0).mean() > 0.9
    assert (found[~inside] == 0).all()
