"""The domains: how a traced and painted portrait becomes a picture in each style."""

from collections.abc import Callable

import numpy as np

from overpaint.portraits.drawings import neon, pencil_sketch, pixel_art, watercolour
from overpaint.portraits.materials import bronze_statue, clay, photo, zombie
from overpaint.portraits.scene import STYLES
from overpaint.portraits.shot import Shot

RENDERERS: dict[str, Callable[[Shot], np.ndarray]] = dict(
    zip(
        STYLES,
        (
            photo,
            pencil_sketch,
            bronze_statue,
            neon,
            pixel_art,
            zombie,
            clay,
            watercolour,
        ),
        strict=True,
    )
)
