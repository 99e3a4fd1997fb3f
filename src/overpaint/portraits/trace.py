"""Sphere tracing: a scene vector becomes a buffer of what each ray met, and in which light."""

import math

import numpy as np

from overpaint.portraits.compiling import entry, jit
from overpaint.portraits.figure import head_rotation, portrait
from overpaint.portraits.layout import (
    BACKGROUND,
    LIGHT_A,
    LIGHT_H,
    SHIFT_X,
    SHIFT_Y,
    ZOOM,
)

CHANNELS = 11
PART, NX, NY, NZ, HX, HY, HZ, DEPTH, SHADOW, OCCLUSION, RIM = range(CHANNELS)
"""A buffer's last axis: part, normal (3), place in the head's frame (3), depth, three lights."""

CAMERA = 7.0
HALF_VIEW = 1.52
CENTRE_Y = 0.08
NEAR, FAR = 1.9, -1.6


@jit
def _march(v, rot, ox, oy, dx, dy, dz, start):
    """Distance along the ray to the first surface, or -1."""
    t = start
    for _ in range(56):
        z = CAMERA + dz * t
        if z < FAR:
            return -1.0
        d, _ = portrait(v, rot, ox + dx * t, oy + dy * t, z)
        if d < 0.004:
            return t
        t += d * 0.92
    return t if d < 0.03 else -1.0


@jit
def _shadow(v, rot, x, y, z, lx, ly, lz):
    """Share of the key light that reaches a point, soft-edged, in [0, 1]."""
    light, t = 1.0, 0.08
    for _ in range(9):
        d, _ = portrait(v, rot, x + lx * t, y + ly * t, z + lz * t)
        light = min(light, 0.5 + 7.0 * d / t)
        t += min(max(d, 0.06), 0.25)
        if light <= 0.0 or t > 1.5:
            break
    return min(max(light, 0.0), 1.0)


@jit
def _probe(v, rot, out, x, y, z, lx, ly, lz):
    """Fill one sample of the buffer at a surface point."""
    e = 0.012
    d, part = portrait(v, rot, x, y, z)
    nx = portrait(v, rot, x + e, y, z)[0] - d
    ny = portrait(v, rot, x, y + e, z)[0] - d
    nz = portrait(v, rot, x, y, z + e)[0] - d
    norm = 1.0 / (math.sqrt(nx * nx + ny * ny + nz * nz) + 1e-12)
    nx, ny, nz = nx * norm, ny * norm, nz * norm
    near = portrait(v, rot, x + 0.08 * nx, y + 0.08 * ny, z + 0.08 * nz)[0]
    far = portrait(v, rot, x + 0.24 * nx, y + 0.24 * ny, z + 0.24 * nz)[0]
    hidden = max(0.08 - near, 0.0) * 4.5 + max(0.24 - far, 0.0) * 1.5
    facing = nx * lx + ny * ly + nz * lz
    out[PART], out[NX], out[NY], out[NZ] = part, nx, ny, nz
    hy = y + 0.75
    out[HX] = rot[0, 0] * x + rot[1, 0] * hy + rot[2, 0] * z
    out[HY] = rot[0, 1] * x + rot[1, 1] * hy + rot[2, 1] * z - 0.75
    out[HZ] = rot[0, 2] * x + rot[1, 2] * hy + rot[2, 2] * z
    out[DEPTH] = z
    out[SHADOW] = 0.0 if facing <= 0.0 else _shadow(v, rot, x, y, z, lx, ly, lz)
    out[OCCLUSION] = 1.0 - min(hidden, 0.85)
    out[RIM] = (1.0 - max(nz, 0.0)) ** 3


@entry
def _trace(v, rot, light, buffer):
    size = buffer.shape[0]
    half = HALF_VIEW / v[ZOOM]
    block = 8
    for by in range(0, size, block):
        for bx in range(0, size, block):
            cx = ((bx + block / 2) / size * 2 - 1) * half + v[SHIFT_X]
            cy = (1 - (by + block / 2) / size * 2) * half + CENTRE_Y + v[SHIFT_Y]
            start = _cone(v, rot, cx, cy, half * block / size * 1.5)
            for py in range(by, min(by + block, size)):
                for px in range(bx, min(bx + block, size)):
                    out = buffer[py, px]
                    out[PART] = BACKGROUND
                    out[DEPTH] = FAR
                    if start < 0:
                        continue
                    sx = ((px + 0.5) / size * 2 - 1) * half + v[SHIFT_X]
                    sy = (1 - (py + 0.5) / size * 2) * half + CENTRE_Y + v[SHIFT_Y]
                    n = 1.0 / math.sqrt(sx * sx + sy * sy + CAMERA * CAMERA)
                    dx, dy, dz = sx * n, sy * n, -CAMERA * n
                    t = _march(v, rot, 0.0, 0.0, dx, dy, dz, start)
                    if t > 0:
                        z = CAMERA + dz * t
                        _probe(v, rot, out, dx * t, dy * t, z, light[0], light[1], light[2])


@jit
def _cone(v, rot, sx, sy, spread):
    """A safe start for the rays of a block whose cone has `spread` at the head; -1 if they miss."""
    n = 1.0 / math.sqrt(sx * sx + sy * sy + CAMERA * CAMERA)
    dx, dy, dz = sx * n, sy * n, -CAMERA * n
    t = (CAMERA - NEAR) / -dz
    for _ in range(40):
        z = CAMERA + dz * t
        if z < FAR:
            return -1.0
        d, _ = portrait(v, rot, dx * t, dy * t, z)
        if d < spread * 1.25:
            return t
        t += (d - spread) * 0.92
    return t


def light_direction(vector: np.ndarray) -> np.ndarray:
    """(3,) unit vector to the key light, from its azimuth in radians and its height."""
    azimuth, height = vector[LIGHT_A], vector[LIGHT_H]
    light = np.array([math.sin(azimuth), height, math.cos(azimuth)])
    return light / np.linalg.norm(light)


def trace(vector: np.ndarray, size: int) -> np.ndarray:
    """(size, size, CHANNELS) float32 buffer of one scene vector."""
    buffer = np.zeros((size, size, CHANNELS), dtype=np.float32)
    _trace(vector, head_rotation(vector), light_direction(vector), buffer)
    return buffer
