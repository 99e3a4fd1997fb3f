"""Scenes to pictures and masks, at any size."""

from dataclasses import replace

import numpy as np

from overpaint.portraits.layout import (
    BACKGROUND,
    BEARD,
    BROWS,
    CLOTH,
    EYES,
    FRAME,
    GLOW,
    HAIR,
    HAT,
    LENS,
    METAL,
    MOUTH,
    MUZZLE,
    NOSE,
    SKIN,
)
from overpaint.portraits.paint import paint
from overpaint.portraits.scene import Scene, scene_vector
from overpaint.portraits.shot import Shot
from overpaint.portraits.styles import RENDERERS
from overpaint.portraits.trace import light_direction, trace

MASKS: dict[str, tuple[int, ...]] = {
    "background": (BACKGROUND,),
    "skin": (SKIN, NOSE, MUZZLE, METAL, GLOW),
    "eyes": (EYES,),
    "mouth": (MOUTH,),
    "hair": (HAIR,),
    "brows": (BROWS,),
    "facial_hair": (BEARD,),
    "headwear": (HAT,),
    "eyewear": (FRAME, LENS),
    "clothing": (CLOTH,),
}
"""Names of the masks with the parts that each covers; together they cover a picture once."""


def shoot(scene: Scene, size: int, samples: int = 2) -> Shot:
    """Trace and paint a scene with samples x samples rays a pixel."""
    vector = scene_vector(scene)
    buffer = trace(vector, size * samples)
    return Shot(buffer, paint(vector, buffer), light_direction(vector), vector)


def develop(shot: Shot, style: str, samples: int = 2) -> np.ndarray:
    """(S, S, 3) uint8 picture of a shot in a style."""
    colour = RENDERERS[style](shot)
    size = colour.shape[0] // samples
    mean = colour.reshape(size, samples, size, samples, 3).mean((1, 3))
    return (np.clip(mean, 0, 1) * 255 + 0.5).astype(np.uint8)


def render(scene: Scene, size: int = 64, samples: int = 2) -> np.ndarray:
    """(size, size, 3) uint8 picture of a scene in its style."""
    return develop(shoot(scene, size, samples), scene.style, samples)


def masks(scene: Scene, size: int = 64, samples: int = 2) -> dict[str, np.ndarray]:
    """(size, size) uint8 coverage in [0, 255] of each part of `MASKS`."""
    part = shoot(replace(scene, style="photo"), size, samples).part
    cover = part.reshape(size, samples, size, samples)
    return {
        name: (np.isin(cover, parts).mean((1, 3)) * 255 + 0.5).astype(np.uint8)
        for name, parts in MASKS.items()
    }
