"""Signed distances of what is worn: hats, glasses, and the body with its sweater."""

import math

from overpaint.portraits.compiling import jit
from overpaint.portraits.layout import (
    CLOTH,
    EYEWEAR,
    FACE_W,
    FRAME,
    HEADWEAR,
    KIND,
    LENS,
    METAL,
    ROBOT,
    SHOULDERS,
    SKIN,
)
from overpaint.portraits.skulls import crown_height, eye_place
from overpaint.portraits.solids import capsule, cylinder, ellipsoid, smooth_min


@jit
def headwear(v, x, y, z, top):
    """Distance of the hat; `top` is the skull's distance."""
    kind = int(v[HEADWEAR])
    y = y - crown_height(v) + 1.02
    if kind == 0:
        return 9.0
    if kind == 1:
        brim = ellipsoid(x, y - 0.50 + 0.18 * (z - 0.7), z - 0.86, 0.66, 0.06, 0.62)
        return min(max(top - 0.15, 0.46 - y), brim * 0.7)
    if kind == 2:
        rim = max(top - 0.25, abs(y - 0.50) - 0.13)
        pompom = math.sqrt(x * x + (y - 1.26) ** 2 + (z + 0.05) ** 2) - 0.21
        return min(min(max(top - 0.18, 0.45 - y), rim), pompom)
    if kind == 3:
        tilt = y - 0.10 * (z + 0.05)
        brim = cylinder(x, tilt - 0.62, z + 0.05, 1.12, 0.04)
        return min(brim, cylinder(x, tilt - 1.02, z + 0.05, 0.72, 0.42)) - 0.02
    angle = math.atan2(x, z + 0.05)
    height = 0.86 + 0.20 * abs(math.sin(3.0 * angle))
    ring = abs(math.sqrt(x * x + (z + 0.05) ** 2) - 0.74) - 0.05
    return max(ring, max(y - height, 0.46 - y)) * 0.7


@jit
def eyewear(v, x, y, z):
    """(distance, part) of glasses or sunglasses."""
    if v[EYEWEAR] == 0:
        return 9.0, FRAME
    ex, ey, ez, er = eye_place(v)
    ax = abs(x)
    gz = ez + er + 0.09
    side = math.sqrt((ax - 0.6) ** 2 + (y - ey) ** 2) - 0.65
    if side > 0.3 or z - gz > 0.4:
        return max(side, z - gz - 0.1), FRAME
    ring = math.sqrt((ax - ex - 0.02) ** 2 + (y - ey) ** 2)
    radius = 0.245
    temple = capsule(ax, y, z, ex + 0.25, ey + 0.04, gz, v[FACE_W] + 0.12, ey + 0.04, -0.1, 0.035)
    bridge = capsule(ax, y, z, 0.0, ey + 0.07, gz, ex - 0.2, ey + 0.07, gz, 0.035)
    frame = math.sqrt((ring - radius) ** 2 + (z - gz) ** 2) - 0.042
    frame = min(frame, min(temple, bridge))
    if v[EYEWEAR] == 2:
        lens = max(ring - radius, abs(z - gz) - 0.025)
        if lens < frame:
            return lens, LENS
    return frame, FRAME


@jit
def body(v, x, y, z):
    """(distance, part) of neck and shoulders."""
    robot = int(v[KIND]) == ROBOT
    neck = capsule(x, y, z, 0, -0.6, -0.12, 0, -1.5, -0.2, 0.30 if robot else 0.34)
    torso = ellipsoid(x, y + 2.12, z + 0.25, 1.32 * v[SHOULDERS], 0.98, 0.66)
    collar = math.sqrt((math.sqrt(x * x + (z + 0.18) ** 2) - 0.42) ** 2 + (y + 1.24) ** 2) - 0.085
    torso = smooth_min(torso, collar, 0.08)
    return (torso, CLOTH) if torso < neck else (neck, METAL if robot else SKIN)
