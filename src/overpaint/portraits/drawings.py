"""Styles that draw the figure: pencil, neon, sprite, watercolour."""

import numpy as np

from overpaint.portraits.layout import (
    BEARD,
    BROWS,
    CLOTH,
    EYES,
    FRAME,
    HAIR,
    HAT,
    LENS,
    MOUTH,
    SKIN,
    TEXTURE,
)
from overpaint.portraits.lenses import blur, edges, grey, over, tone, width
from overpaint.portraits.materials import photo
from overpaint.portraits.shot import Shot


def pencil_sketch(shot: Shot) -> np.ndarray:
    """Graphite outlines and hatching on white paper."""
    size = shot.part.shape[0]
    y, x = np.mgrid[0:size, 0:size] * (128.0 / size)
    value = grey(photo(shot))
    hatch = 0.5 + 0.5 * np.sin((x + y) * 1.45)
    cross = 0.5 + 0.5 * np.sin((x - y) * 1.45)
    tone = 0.40 * np.clip(0.62 - value, 0, 1) * (0.5 + hatch)
    tone += 0.45 * np.clip(0.32 - value, 0, 1) * (0.5 + cross)
    ink = np.clip(0.85 * edges(shot, width(shot)) + tone * shot.figure * 1.5, 0, 0.92)
    grain = 0.012 * np.sin(x * 12.9898 + y * 78.233 + 9 * shot.vector[TEXTURE])
    paper = 0.96 + grain - 0.03 * hatch * ~shot.figure
    return np.repeat((paper * (1 - ink))[..., None], 3, axis=-1)


_GLOW = {
    SKIN: (1.0, 0.25, 0.75),
    EYES: (0.3, 1.0, 1.0),
    HAIR: (0.55, 0.3, 1.0),
    BROWS: (0.55, 0.3, 1.0),
    BEARD: (0.55, 0.3, 1.0),
    HAT: (1.0, 0.75, 0.1),
    FRAME: (0.2, 1.0, 0.45),
    LENS: (0.2, 1.0, 0.45),
    CLOTH: (0.15, 0.45, 1.0),
    MOUTH: (1.0, 0.15, 0.25),
}


def neon(shot: Shot) -> np.ndarray:
    """Glowing tubes along the outlines of each part, in a dark room."""
    table = np.full((15, 3), (1.0, 0.35, 0.8), np.float32)
    table[list(_GLOW)] = list(_GLOW.values())
    part = shot.part.astype(int)
    line = edges(shot, width(shot))
    tubes = table[part] * line[..., None]
    glow = blur(tubes, max(1, shot.part.shape[0] // 32))
    fill = table[part] * (0.05 + 0.07 * shot.diffuse())[..., None] * shot.figure[..., None]
    room = shot.backdrop(np.array([0.020, 0.012, 0.05]))
    return np.clip(tone(over(shot, fill, room)) + 0.9 * tubes + 1.0 * glow, 0, 1)


def pixel_art(shot: Shot) -> np.ndarray:
    """A sprite: about 32 by 32 squares, few bright colours, dark outlines."""
    size = shot.part.shape[0]
    block = max(1, size // 32)
    cells = _cells(photo(shot), block)
    outline = _cells(shot.figure[..., None], block)
    value = cells.mean(-1, keepdims=True)
    cells = np.clip(value + (cells - value) * 1.5, 0, 1)
    cells = np.round(cells * 5) / 5
    cells = np.where((outline > 0.15) & (outline < 0.85), 0.06, cells)
    return np.repeat(np.repeat(cells, block, 0), block, 1)[:size, :size]


def _cells(image: np.ndarray, block: int) -> np.ndarray:
    """Means of a (S, S, C) image over squares of side `block`, the last ones filled up."""
    count = -(-image.shape[0] // block)
    missing = count * block - image.shape[0]
    whole = np.pad(image, ((0, missing), (0, missing), (0, 0)), mode="edge")
    return whole.reshape(count, block, count, block, -1).mean((1, 3))


def watercolour(shot: Shot) -> np.ndarray:
    """Thin washes on white paper: light colours, darker edges, a white border."""
    size = shot.part.shape[0]
    wash = blur(photo(shot).astype(np.float32), max(1, size // 64))
    y, x = np.mgrid[0:size, 0:size] * (128.0 / size)
    seed = 20 * shot.vector[TEXTURE]
    bloom = np.sin(x * 0.07 + seed) * np.sin(y * 0.09 - seed) + 0.4 * np.sin(x * 0.13 - y * 0.11)
    pigment = (1 - wash) * (0.86 + 0.13 * bloom)[..., None]
    pigment += 0.30 * edges(shot, width(shot))[..., None] * (1 - wash)
    r = np.maximum(np.abs(x / 64 - 1), np.abs(y / 64 - 1)) + 0.03 * bloom
    pigment *= np.clip((0.97 - r) * 7, 0, 1)[..., None]
    return np.clip(0.985 - pigment, 0, 1)
