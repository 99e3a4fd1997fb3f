"""What the styles share: tone, light, outlines and blur."""

import numpy as np

from overpaint.portraits.layout import AMBIENT
from overpaint.portraits.shot import Shot
from overpaint.portraits.trace import DEPTH, NX, NZ, OCCLUSION, RIM


def over(shot: Shot, figure: np.ndarray, behind: np.ndarray) -> np.ndarray:
    return np.where(shot.figure[..., None], figure, behind)


def tone(linear: np.ndarray) -> np.ndarray:
    """Linear light to [0, 1] display values with a soft shoulder."""
    x = np.clip(linear, 0, None)
    return np.clip((x * (1 + x / 4) / (1 + x * 0.78)) ** (1 / 2.2), 0, 1)


def lit(shot: Shot, albedo: np.ndarray) -> np.ndarray:
    ambient = np.float32(shot.vector[AMBIENT])
    light = (1.35 * shot.diffuse())[..., None] * np.array([1.0, 0.97, 0.92], np.float32)
    light = light + (ambient * shot.sky())[..., None] * np.array([0.95, 0.98, 1.08], np.float32)
    return albedo * light + (0.16 * shot.buffer[..., RIM] * shot.buffer[..., OCCLUSION])[
        ..., None
    ] * np.float32(0.35)


def edges(shot: Shot, width: int) -> np.ndarray:
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


def width(shot: Shot) -> int:
    return max(1, round(shot.part.shape[0] / 160))


def grey(colour: np.ndarray) -> np.ndarray:
    return colour @ np.array([0.30, 0.59, 0.11], np.float32)


def blur(image: np.ndarray, radius: int) -> np.ndarray:
    """Two box blurs of a (S, S, C) image, edges repeated."""
    for _ in range(2):
        for axis in (0, 1):
            pad = [(radius + 1, radius) if a == axis else (0, 0) for a in range(3)]
            total = np.cumsum(np.pad(image, pad, mode="edge"), axis=axis)
            upper = np.take(total, range(2 * radius + 1, total.shape[axis]), axis=axis)
            lower = np.take(total, range(total.shape[axis] - 2 * radius - 1), axis=axis)
            image = (upper - lower) / (2 * radius + 1)
    return image
