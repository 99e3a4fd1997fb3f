"""Where an edit of a scene shows: the true mask for edits that are judged."""

import numpy as np

from overpaint.portraits.render import render
from overpaint.portraits.scene import Scene

VISIBLE = 6
"""Grey levels. A rim that a part covers to a fortieth, and the last of its shadow, change by less,
which no viewer sees; an edit that is held to the mask loses nothing by them."""


def true_region(scene: Scene, edit: Scene, size: int = 64) -> np.ndarray:
    """(size, size) bool: the pixels in which the pictures of a scene and of its edit differ."""
    before, after = (render(each, size).astype(np.int16) for each in (scene, edit))
    return np.abs(after - before).max(2) > VISIBLE
