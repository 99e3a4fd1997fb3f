"""Styles that light the figure as a thing: photo, bronze, clay, zombie."""

import numpy as np

from overpaint.portraits.layout import (
    BACKDROP,
    BEARD,
    BROWS,
    CLOTH,
    EYES,
    FRAME,
    HAIR,
    HAT,
    KIND,
    LENS,
    METAL,
    MOUTH,
    MUZZLE,
    NOSE,
    PERSON,
    SKIN,
)
from overpaint.portraits.lenses import grey, lit, over, tone
from overpaint.portraits.palette import BACKDROPS
from overpaint.portraits.shot import Shot
from overpaint.portraits.trace import NY, OCCLUSION


def photo(shot: Shot) -> np.ndarray:
    """Lit, shaded and tone-mapped as a studio photograph."""
    glossy = np.isin(shot.part, (EYES, METAL, FRAME, NOSE))
    dull = np.where(shot.part == LENS, 0.03, np.where(shot.part == SKIN, 0.10, 0.06))
    power = shot.specular(30.0) * np.where(glossy, 0.8, dull).astype(np.float32)
    colour = lit(shot, shot.albedo) + power[..., None]
    return tone(over(shot, colour, shot.backdrop(BACKDROPS[int(shot.vector[BACKDROP])])))


def _relief(shot: Shot, floor: float) -> np.ndarray:
    """(S, S) brightness in (0, 1] that carves features into one material, whatever its skin."""
    value = np.clip(grey(shot.albedo), 0, 1)
    carved = floor + (1 - floor) * value**0.4
    carved = np.where(np.isin(shot.part, (HAIR, BEARD)), 0.35 + 0.35 * carved, carved)
    carved = np.where(np.isin(shot.part, (BROWS, LENS)), 0.12, carved)
    if shot.vector[KIND] == PERSON:
        carved = np.where(shot.part == SKIN, 0.92, carved)
    return np.where(shot.part == MOUTH, 0.10 + 0.65 * value, carved)


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
    return tone(over(shot, colour, shot.backdrop(np.array([0.20, 0.17, 0.14]), 0.9)))


def zombie(shot: Shot) -> np.ndarray:
    """Rotten green skin with wounds, dead white eyes in dark sockets, a sick light."""
    part = shot.part
    albedo = shot.albedo.copy()
    flesh = np.isin(part, (SKIN, MUZZLE, METAL, NOSE))
    rot = np.clip(shot.texture(5.0), 0, 1)[..., None]
    green = np.array([0.20, 0.36, 0.12], np.float32) * (1 - 0.55 * rot)
    green = green * (0.55 + 0.6 * np.sqrt(grey(shot.albedo)))[..., None]
    wounds = (shot.texture(3.1) > 0.62)[..., None]
    green = np.where(wounds, np.array([0.30, 0.02, 0.02], np.float32), green)
    albedo[flesh] = green[flesh]
    dead = grey(shot.albedo)[..., None] * np.array([0.9, 1.0, 0.55], np.float32)
    albedo = np.where((part == EYES)[..., None], np.clip(dead * 1.4, 0.10, 1.0), albedo)
    dull = np.isin(part, (HAIR, CLOTH, BEARD, HAT, BROWS))[..., None]
    albedo = np.where(dull, 0.85 * albedo * (1 - 0.3 * rot) + 0.01, albedo)
    hollow = shot.buffer[..., OCCLUSION][..., None] ** 2.2
    colour = lit(shot, albedo * hollow) * np.array([0.86, 1.05, 0.80], np.float32)
    wall = BACKDROPS[int(shot.vector[BACKDROP])] * np.array([0.45, 0.55, 0.40])
    return tone(over(shot, colour, shot.backdrop(wall, 0.95)))


def clay(shot: Shot) -> np.ndarray:
    """Matt terracotta with the marks of fingers, in front of a pale wall."""
    relief = _relief(shot, 0.40)
    thumbs = 1.0 + 0.07 * shot.texture(7.0)
    body = np.array([0.72, 0.27, 0.13], np.float32) * (relief * thumbs)[..., None]
    light = 0.85 * shot.diffuse(0.35) + 0.60 * shot.sky()
    wall = shot.backdrop(np.array([0.70, 0.64, 0.55]), 0.35)
    return tone(over(shot, body * light[..., None], wall))
