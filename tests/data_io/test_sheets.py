"""A contact sheet has a cell for each picture, in order, with its lines under it."""

import numpy as np
import pytest
from PIL import Image

from overpaint.data.sheets import GAP, LINE, SIDE, Cell, sheet

COLOURS = [(250, 0, 0), (0, 250, 0), (0, 0, 250), (250, 250, 0), (0, 250, 250)]


def cells(count, lines=("seed 1", "0.123"), size=(40, 40)):
    return [Cell(Image.new("RGB", size, COLOURS[k]), lines) for k in range(count)]


@pytest.mark.parametrize(("count", "columns", "rows"), [(1, 1, 1), (3, 2, 2), (5, 3, 2)])
def test_cells_stand_in_order_from_left_to_right_and_down(count, columns, rows):
    page = sheet(cells(count))
    width, height = SIDE + GAP, SIDE + GAP + 2 * LINE
    assert page.size == (columns * width + GAP, rows * height + GAP)
    for k in range(count):
        middle = (GAP + k % columns * width + SIDE // 2, GAP + k // columns * height + SIDE // 2)
        assert page.getpixel(middle) == COLOURS[k]


def test_text_stands_under_its_picture_and_not_on_it():
    written = np.asarray(sheet(cells(1))).astype(int)
    plain = np.asarray(sheet(cells(1, lines=("", "")))).astype(int)
    rows = np.flatnonzero((written != plain).any((1, 2)))
    assert GAP + SIDE <= rows.min() < GAP + SIDE + LINE
    assert GAP + SIDE + LINE <= rows.max() < GAP + SIDE + 2 * LINE


def test_the_aspect_of_a_picture_is_kept():
    page = np.asarray(sheet(cells(1, size=(200, 50))))
    red = (page == COLOURS[0]).all(2)
    assert (red.any(0).sum(), red.any(1).sum()) == (SIDE, SIDE // 4)
