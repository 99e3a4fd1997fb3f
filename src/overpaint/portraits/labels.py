"""What is shown and what is claimed as rows of indices, and which claims are true of which."""

from collections.abc import Mapping

import numpy as np

from overpaint.portraits.scene import ATTRIBUTES, STYLES, VALUES, Scene, visible

Claims = Mapping[str, str]
"""What a caption asserts: attribute (or "style") to value."""

LABELS = tuple(VALUES)
"""The columns of a label row."""
HIDDEN = -1


def label_row(scene: Scene) -> np.ndarray:
    """(len(LABELS),) int8: the index of each value, HIDDEN where the picture does not show it."""
    seen = visible(scene)
    row = [
        allowed.index(getattr(scene, name)) if name in seen else HIDDEN
        for name, allowed in ATTRIBUTES.items()
    ]
    return np.array([*row, STYLES.index(scene.style)], dtype=np.int8)


def claim_row(claims: Claims) -> np.ndarray:
    """(len(LABELS),) int8: the index of each claimed value, HIDDEN where nothing is claimed."""
    return np.array(
        [VALUES[name].index(claims[name]) if name in claims else HIDDEN for name in LABELS],
        dtype=np.int8,
    )


def truth(labels: np.ndarray, claims: np.ndarray) -> np.ndarray:
    """(N, M) bool: whether claim row m is true of the picture with label row n."""
    silent = claims[None] == HIDDEN
    return (silent | (claims[None] == labels[:, None])).all(-1)
