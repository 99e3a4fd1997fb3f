"""A square around a mask that is too small for the model, shown at the model's own scale."""

import math

import numpy as np
from torch import Tensor

from overpaint.data.images import Picture
from overpaint.data.masking import Mask, too_small
from overpaint.data.modes import Array
from overpaint.data.placement import Placement
from overpaint.data.squares import Square
from overpaint.data.windows import Window, window
from overpaint.errors import OptionError

MARGIN = 0.25  # of the square on each side of the mask's box, which fills half of it then
SMALL = 1 / 4  # of the picture's longer side: what is smaller has no room for a shape of its own
_MOST = 4  # times that a zoom magnifies where the picture's own pixels are reached sooner


def wanted(mask: Mask, placement: Placement, size: int) -> bool:
    """Whether `auto` zooms in: the mask is too small in the whole picture, and a zoom helps.

    size: of the square that would be shown.
    """
    values, picture = mask.values, placement.picture
    if not values.any():
        return False
    longest = max(picture.size)
    left, top, right, bottom = _box(values)
    small = max(right - left, bottom - top) < SMALL * longest
    helps = _around(values, size, MARGIN).side < longest
    return helps and (small or too_small(mask, placement) is not None)


def zoomed(
    picture: Picture, mask: Mask, size: int, *, margin: float = MARGIN
) -> tuple[Tensor, Window]:
    """The square around the mask as (1, 3, size, size) in [-1, 1] sRGB, and how to paste back.

    The square lies within the picture where it fits, at whole pixels; it is not magnified beyond
    them, except that a small picture may be shown four times as large as all of it would be.
    Every byte outside the mask is kept by `paste(..., mask=mask.values)`.

    Args:
        mask: of the picture's size; a black one shows the whole picture.
        margin: of the square, in [0, 0.5), at least left on each side of the mask's box; less
            where the picture ends there.
    """
    if not 0 <= margin < 0.5:
        raise OptionError(f"margin must be a share of the square in [0, 0.5), got {margin:g}")
    return window(picture, _around(mask.values, size, margin), size, fade=0)


def _around(values: Array, size: int, margin: float) -> Square:
    """The square around what is not black in (H, W) uint8."""
    height, width = values.shape
    left, top, right, bottom = _box(values)
    finest = min(size, max(width, height) / _MOST)
    room = 1 - 2 * margin
    across, down = min((right - left) / room, width), min((bottom - top) / room, height)
    side = math.ceil(max(finest, across, down))
    x = _start((left + right) / 2, side, width)
    y = _start((top + bottom) / 2, side, height)
    return Square(x + side / 2, y + side / 2, side, 0)


def _start(middle: float, side: int, length: int) -> int:
    """Where a stretch of `side` around `middle` begins: within `length`, or else centred on it."""
    if side >= length:
        return (length - side) // 2
    return min(max(0, round(middle - side / 2)), length - side)


def _box(values: Array) -> tuple[int, int, int, int]:
    """left, top, right, bottom of what is not black; of all of it if nothing is."""
    rows, columns = np.flatnonzero(values.any(axis=1)), np.flatnonzero(values.any(axis=0))
    if not rows.size:
        return 0, 0, values.shape[1], values.shape[0]
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1
