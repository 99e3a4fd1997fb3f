"""The domains: how a traced and painted buffer becomes a picture in each style."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from overpaint.portraits.paint import BACKDROPS
from overpaint.portraits.scene import STYLES
from overpaint.portraits.shapes import (
    AMBIENT,
    BACKDROP,
    BEARD,
    BROWS,
    CLOTH,
    EYES,
    FRAME,
    HAIR,
    HAT,
    LENS,
    METAL,
    MOUTH,
    MUZZLE,
    NOSE,
    SKIN,
    TEXTURE,
)
from overpaint.portraits.trace import DEPTH, NX, NY, NZ, OCCLUSION, PART, RIM, SHADOW


@dataclass(frozen=True)
class Shot:
    """One traced portrait: all arrays are (S, S) or (S, S, 3) float32; light is linear."""

    buffer: np.ndarray
    albedo: np.ndarray
    light: np.ndarray
    vector: np.ndarray

    @property
    def part(self) -> np.ndarray:
        return self.buffer[..., PART]

    @property
    def figure(self) -> np.ndarray:
        """(S, S) bool: everything but the background."""
        return self.part > 0

    def diffuse(self, wrap: float = 0.15) -> np.ndarray:
        """(S, S) key light on the surface, wrapped around the terminator, shadowed."""
        facing = self.buffer[..., NX : NZ + 1] @ self.light.astype(np.float32)
        lit = np.clip((facing + wrap) / (1 + wrap), 0, 1)
        return lit * (0.25 + 0.75 * self.buffer[..., SHADOW])

    def specular(self, power: float) -> np.ndarray:
        """(S, S) highlight of the key light."""
        half = self.light + np.array([0.0, 0.0, 1.0])
        half = (half / np.linalg.norm(half)).astype(np.float32)
        return np.clip(self.buffer[..., NX : NZ + 1] @ half, 0, 1) ** power * (
            0.3 + 0.7 * self.buffer[..., SHADOW]
        )

    def sky(self) -> np.ndarray:
        """(S, S) ambient light from above, less where surfaces hide each other."""
        return (0.68 + 0.32 * self.buffer[..., NY]) * self.buffer[..., OCCLUSION]

    def backdrop(self, colour: np.ndarray, falloff: float = 0.55) -> np.ndarray:
        """(S, S, 3) wall of one linear colour, lit around the head from the side of the light."""
        y, x = np.mgrid[-1 : 1 : self.part.shape[0] * 1j, -1 : 1 : self.part.shape[1] * 1j]
        r2 = (x - 0.35 * self.light[0]) ** 2 + (y + 0.1) ** 2
        return (colour * (1.08 - falloff * np.clip(r2, 0, 1.6) / 1.6)[..., None]).astype(np.float32)

    def texture(self, scale: float) -> np.ndarray:
        """(S, S) smooth pseudo-noise in [-1, 1] tied to the surface and to the scene."""
        place = self.buffer[..., 4:7] * scale
        seed = 40.0 * self.vector[TEXTURE]
        waves = [np.sin(place @ w + seed * i) for i, w in enumerate(_WAVES, 1)]
        return np.sum(waves, axis=0) / len(waves) * 1.4


_WAVES = np.array(
    [[1.0, 0.7, 0.3], [-0.6, 1.1, 0.8], [0.4, -0.9, 1.2], [1.3, 0.2, -0.8]], dtype=np.float32
)


def _over(shot: Shot, figure: np.ndarray, behind: np.ndarray) -> np.ndarray:
    return np.where(shot.figure[..., None], figure, behind)


def _tone(linear: np.ndarray) -> np.ndarray:
    """Linear light to [0, 1] display values with a soft shoulder."""
    x = np.clip(linear, 0, None)
    return np.clip((x * (1 + x / 4) / (1 + x * 0.78)) ** (1 / 2.2), 0, 1)


def _lit(shot: Shot, albedo: np.ndarray) -> np.ndarray:
    ambient = np.float32(shot.vector[AMBIENT])
    light = (1.35 * shot.diffuse())[..., None] * np.array([1.0, 0.97, 0.92], np.float32)
    light = light + (ambient * shot.sky())[..., None] * np.array([0.95, 0.98, 1.08], np.float32)
    return albedo * light + (0.16 * shot.buffer[..., RIM] * shot.buffer[..., OCCLUSION])[
        ..., None
    ] * np.float32(0.35)


def photo(shot: Shot) -> np.ndarray:
    """Lit, shaded and tone-mapped as a studio photograph."""
    glossy = np.isin(shot.part, (EYES, METAL, FRAME, NOSE))
    dull = np.where(shot.part == LENS, 0.03, np.where(shot.part == SKIN, 0.10, 0.06))
    power = shot.specular(30.0) * np.where(glossy, 0.8, dull).astype(np.float32)
    colour = _lit(shot, shot.albedo) + power[..., None]
    return _tone(_over(shot, colour, shot.backdrop(BACKDROPS[int(shot.vector[BACKDROP])])))


def _edges(shot: Shot, width: int) -> np.ndarray:
    """(S, S) strength in [0, 1] of outlines, creases and borders of painted colours."""
    b = shot.buffer
    planes = (
        np.minimum(np.abs(b[..., DEPTH]), 3)[..., None] * 0.9,
        b[..., NX : NZ + 1] * 0.55 * shot.figure[..., None],
        np.sqrt(shot.albedo) * 0.9,
        (shot.part > 0)[..., None] * 1.0,
    )
    stack = np.concatenate(planes, axis=-1)
    dx = np.abs(np.roll(stack, -width, 1) - np.roll(stack, width, 1)).sum(-1)
    dy = np.abs(np.roll(stack, -width, 0) - np.roll(stack, width, 0)).sum(-1)
    edge = np.hypot(dx, dy)
    edge[:width] = edge[-width:] = 0
    edge[:, :width] = edge[:, -width:] = 0
    return np.clip((edge - 0.45) * 1.1, 0, 1)


def _width(shot: Shot) -> int:
    return max(1, round(shot.part.shape[0] / 160))


def _grey(colour: np.ndarray) -> np.ndarray:
    return colour @ np.array([0.30, 0.59, 0.11], np.float32)


def pencil_sketch(shot: Shot) -> np.ndarray:
    """Graphite outlines and hatching on white paper."""
    size = shot.part.shape[0]
    y, x = np.mgrid[0:size, 0:size] * (128.0 / size)
    value = _grey(photo(shot))
    hatch = 0.5 + 0.5 * np.sin((x + y) * 1.45)
    cross = 0.5 + 0.5 * np.sin((x - y) * 1.45)
    tone = 0.40 * np.clip(0.62 - value, 0, 1) * (0.5 + hatch)
    tone += 0.45 * np.clip(0.32 - value, 0, 1) * (0.5 + cross)
    ink = np.clip(0.85 * _edges(shot, _width(shot)) + tone * shot.figure * 1.5, 0, 0.92)
    grain = 0.012 * np.sin(x * 12.9898 + y * 78.233 + 9 * shot.vector[TEXTURE])
    paper = 0.96 + grain - 0.03 * hatch * ~shot.figure
    return np.repeat((paper * (1 - ink))[..., None], 3, axis=-1)


def _relief(shot: Shot, floor: float) -> np.ndarray:
    """(S, S) brightness in [floor, 1] that carves painted features into one material."""
    grey = np.clip(_grey(shot.albedo), 0, 1)
    carved = floor + (1 - floor) * grey**0.4
    return np.where(shot.part == MOUTH, 0.16 + 0.34 * grey, carved)


def bronze_statue(shot: Shot) -> np.ndarray:
    """Cast bronze: one metal, bright where it faces the sky, green in the crevices."""
    relief = _relief(shot, 0.22)
    bronze = np.array([0.46, 0.235, 0.075], np.float32) * relief[..., None]
    patina = np.clip(1.0 - shot.buffer[..., OCCLUSION], 0, 1)[..., None] * 0.7
    bronze = bronze * (1 - patina) + np.array([0.05, 0.16, 0.12], np.float32) * patina
    mirror = np.clip(shot.buffer[..., NY] * 0.9 + 0.25 * shot.texture(2.0) * 0.3, -1, 1)
    shine = 0.30 + 0.55 * np.clip(mirror, 0, 1) ** 2
    colour = bronze * (0.95 * shot.diffuse() + shine * shot.sky())[..., None]
    colour += shot.specular(18.0)[..., None] * np.array([1.0, 0.70, 0.34], np.float32) * 0.75
    return _tone(_over(shot, colour, shot.backdrop(np.array([0.20, 0.17, 0.14]), 0.9)))


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
    line = _edges(shot, _width(shot))
    tubes = table[part] * line[..., None]
    glow = _blur(tubes, max(1, shot.part.shape[0] // 32))
    fill = table[part] * (0.05 + 0.07 * shot.diffuse())[..., None] * shot.figure[..., None]
    room = shot.backdrop(np.array([0.020, 0.012, 0.05]))
    return np.clip(_tone(_over(shot, fill, room)) + 0.9 * tubes + 1.0 * glow, 0, 1)


def _blur(image: np.ndarray, radius: int) -> np.ndarray:
    """Two box blurs of a (S, S, C) image, edges repeated."""
    for _ in range(2):
        for axis in (0, 1):
            pad = [(radius + 1, radius) if a == axis else (0, 0) for a in range(3)]
            total = np.cumsum(np.pad(image, pad, mode="edge"), axis=axis)
            upper = np.take(total, range(2 * radius + 1, total.shape[axis]), axis=axis)
            lower = np.take(total, range(total.shape[axis] - 2 * radius - 1), axis=axis)
            image = (upper - lower) / (2 * radius + 1)
    return image


def pixel_art(shot: Shot) -> np.ndarray:
    """A sprite: 32 by 32 squares, few bright colours, dark outlines."""
    colour = photo(shot)
    size = colour.shape[0]
    block = max(1, size // 32)
    cells = colour.reshape(size // block, block, size // block, block, 3).mean((1, 3))
    outline = (shot.part > 0).reshape(size // block, block, size // block, block).mean((1, 3))
    grey = cells.mean(-1, keepdims=True)
    cells = np.clip(grey + (cells - grey) * 1.5, 0, 1)
    cells = np.round(cells * 5) / 5
    border = (outline > 0.15) & (outline < 0.85)
    cells = np.where(border[..., None], 0.06, cells)
    return np.repeat(np.repeat(cells, block, 0), block, 1)


def zombie(shot: Shot) -> np.ndarray:
    """Rotten green skin with wounds, dead white eyes in dark sockets, a sick light."""
    part = shot.part
    albedo = shot.albedo.copy()
    flesh = np.isin(part, (SKIN, MUZZLE, METAL, NOSE))
    rot = np.clip(shot.texture(5.0), 0, 1)[..., None]
    green = np.array([0.20, 0.36, 0.12], np.float32) * (1 - 0.55 * rot)
    green = green * (0.55 + 0.6 * np.sqrt(_grey(shot.albedo)))[..., None]
    wounds = (shot.texture(3.1) > 0.62)[..., None]
    green = np.where(wounds, np.array([0.30, 0.02, 0.02], np.float32), green)
    albedo[flesh] = green[flesh]
    dead = _grey(shot.albedo)[..., None] * np.array([0.9, 1.0, 0.55], np.float32)
    albedo = np.where((part == EYES)[..., None], np.clip(dead * 1.4, 0.10, 1.0), albedo)
    dull = np.isin(part, (HAIR, CLOTH, BEARD, HAT, BROWS))[..., None]
    albedo = np.where(dull, 0.6 * albedo * (1 - 0.4 * rot) + 0.02, albedo)
    hollow = shot.buffer[..., OCCLUSION][..., None] ** 2.2
    colour = _lit(shot, albedo * hollow) * np.array([0.86, 1.05, 0.80], np.float32)
    wall = BACKDROPS[int(shot.vector[BACKDROP])] * np.array([0.45, 0.55, 0.40])
    return _tone(_over(shot, colour, shot.backdrop(wall, 0.95)))


def clay(shot: Shot) -> np.ndarray:
    """Matt terracotta with the marks of fingers, in front of a pale wall."""
    relief = _relief(shot, 0.40)
    thumbs = 1.0 + 0.07 * shot.texture(7.0)
    body = np.array([0.72, 0.27, 0.13], np.float32) * (relief * thumbs)[..., None]
    light = 0.85 * shot.diffuse(0.35) + 0.60 * shot.sky()
    wall = shot.backdrop(np.array([0.70, 0.64, 0.55]), 0.35)
    return _tone(_over(shot, body * light[..., None], wall))


def watercolour(shot: Shot) -> np.ndarray:
    """Thin washes on white paper: light colours, darker edges, a white border."""
    size = shot.part.shape[0]
    wash = _blur(photo(shot).astype(np.float32), max(1, size // 64))
    y, x = np.mgrid[0:size, 0:size] * (128.0 / size)
    seed = 20 * shot.vector[TEXTURE]
    bloom = np.sin(x * 0.07 + seed) * np.sin(y * 0.09 - seed) + 0.4 * np.sin(x * 0.13 - y * 0.11)
    pigment = (1 - wash) * (0.86 + 0.13 * bloom)[..., None]
    pigment += 0.30 * _edges(shot, _width(shot))[..., None] * (1 - wash)
    r = np.maximum(np.abs(x / 64 - 1), np.abs(y / 64 - 1)) + 0.03 * bloom
    pigment *= np.clip((0.97 - r) * 7, 0, 1)[..., None]
    return np.clip(0.985 - pigment, 0, 1)


RENDERERS: dict[str, Callable[[Shot], np.ndarray]] = dict(
    zip(
        STYLES,
        (photo, pencil_sketch, bronze_statue, neon, pixel_art, zombie, clay, watercolour),
        strict=True,
    )
)
