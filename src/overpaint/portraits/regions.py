"""Where an edit of a scene shows: the true mask for edits that are judged."""

import numpy as np

from overpaint.portraits.render import render
from overpaint.portraits.scene import Scene

VISIBLE = 6
"""Grey levels. A rim that a part covers to a fortieth, and the last of its shadow, change by less,
which no viewer sees; an edit that is held to the mask loses nothing by them."""


def true_region(scene: Scene, edit: Scene, size: int = 64) -> np.ndarray:
    """(size, size) bool: the pixels in which the pictures of a scene and of its edit differ."""
    return changed(render(scene, size), render(edit, size))


def changed(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """(H, W) bool: where two pictures (H, W, 3) uint8 differ by more than `VISIBLE`."""
    return np.abs(after.astype(np.int16) - before).max(2) > VISIBLE
