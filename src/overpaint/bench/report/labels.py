"""Where labels of points stand, so that they cover neither one another nor points."""

from collections.abc import Sequence
from itertools import product

import numpy as np

WIDE, HIGH = 6.1, 13.0  # of a letter at 11.5 pixels, about, and of a line
NEAR = (10.0, 18.0, 30.0, 46.0, 66.0, 90.0)  # pixels from a point, tried in turn
ROUND = ((1, 0), (-1, 0), (0, -1), (0, 1), (1, -1), (1, 1), (-1, -1), (-1, 1))
PASSES = 4
POINT = 7.0  # half the side of a mark with air around it
NAME, MARK, BAR, FAR = 10.0, 6.0, 1.0, 1.2  # what it costs to cover a pixel, or to be one away

Box = tuple[float, float, float, float]
"""Left, top, right, bottom."""


def laid(
    points: Sequence[tuple[float, float]], texts: Sequence[str], room: Box, bars: Sequence[Box]
) -> list[Box]:
    """A box for each text, by its point; each in turn goes where it covers least.

    room: what no box stands out of. bars: what should not be covered if that can be helped.
    """
    marks = np.array([(x - POINT, y - POINT, x + POINT, y + POINT) for x, y in points])
    lines = np.array(bars).reshape(-1, 4)
    tried = [_tried(at, text, room) for at, text in zip(points, texts, strict=True)]
    costs = [
        MARK * _shared(boxes, marks) + BAR * _shared(boxes, lines) + FAR * away(boxes, at)
        for at, boxes in zip(points, tried, strict=True)
    ]
    found = np.array([boxes[0] for boxes in tried])
    for _ in range(PASSES):
        for k, boxes in enumerate(tried):
            covered = _shared(boxes, np.delete(found, k, 0))
            found[k] = boxes[np.argmin(costs[k] + NAME * covered)]
    return [(left, top, right, bottom) for left, top, right, bottom in found.tolist()]


def away(boxes: np.ndarray, point: tuple[float, float]) -> np.ndarray:
    """(N,): how far boxes (N, 4) are from a point, in pixels."""
    x, y = point
    left, top, right, bottom = boxes.T
    across = np.maximum(np.maximum(left - x, x - right), 0)
    down = np.maximum(np.maximum(top - y, y - bottom), 0)
    return np.hypot(across, down)


def _shared(boxes: np.ndarray, others: np.ndarray) -> np.ndarray:
    """(N,): the area that boxes (N, 4) share with each of others (M, 4), summed."""
    a, b = boxes[:, None], others[None]
    sides = np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(a[..., :2], b[..., :2])
    return np.maximum(sides, 0).prod(2).sum(1)


def _tried(point: tuple[float, float], text: str, room: Box) -> np.ndarray:
    """(N, 4): around a point, near first; what stands out of the room is pushed into it."""
    wide, found = WIDE * len(text), []
    for far, (across, down) in product(NEAR, ROUND):
        side = {1: 0.0, 0: wide / 2, -1: wide}[across]
        left = max(room[0], min(point[0] + across * far - side, room[2] - wide))
        top = max(room[1], min(point[1] + down * far - HIGH / 2, room[3] - HIGH))
        found.append((left, top, left + wide, top + HIGH))
    return np.array(found)
