"""Signed distance of the upper head of each kind, and the places of its features."""

import math

from overpaint.portraits.compiling import jit
from overpaint.portraits.layout import (
    BEAR,
    CAT,
    EYE_R,
    EYE_X,
    EYE_Y,
    FACE_W,
    KIND,
    MOUTH_W,
    PERSON,
    ROBOT,
)
from overpaint.portraits.solids import ellipsoid, round_box


@jit
def skull(v, x, y, z):
    """The upper head that hair and hats sit on."""
    kind = int(v[KIND])
    if kind == PERSON:
        return ellipsoid(x, y - 0.22, z + 0.05, v[FACE_W], 0.80, 0.86)
    if kind == CAT:
        return ellipsoid(x, y + 0.02, z, v[FACE_W] + 0.12, 0.82, 0.76)
    if kind == BEAR:
        return ellipsoid(x, y + 0.02, z, v[FACE_W] + 0.14, 0.88, 0.80)
    return round_box(x, y + 0.02, z, v[FACE_W] - 0.06, 0.84, 0.68, 0.16)


@jit
def crown_height(v):
    """Where the skull ends above."""
    kind = int(v[KIND])
    return 1.02 if kind == PERSON else 0.80 if kind == CAT else 0.86 if kind == BEAR else 0.82


@jit
def eye_place(v):
    """x, y, z and radius of the right eye; the left one mirrors it."""
    kind = int(v[KIND])
    ex, ey, er = v[EYE_X], v[EYE_Y], v[EYE_R]
    if kind == PERSON:
        inner = 1.0 - (ex / v[FACE_W]) ** 2 - ((ey - 0.22) / 0.80) ** 2
        return ex, ey, 0.86 * math.sqrt(inner) - 0.05 - 0.45 * er, er
    if kind == CAT:
        inner = 1.0 - (ex / (v[FACE_W] + 0.12)) ** 2 - (ey / 0.82) ** 2
        return ex + 0.04, ey, 0.76 * math.sqrt(inner) - 0.5 * er, er * 1.12
    if kind == BEAR:
        inner = 1.0 - (ex / (v[FACE_W] + 0.14)) ** 2 - (ey / 0.88) ** 2
        return ex + 0.02, ey + 0.04, 0.80 * math.sqrt(inner) - 0.5 * er, er * 0.86
    return ex, ey + 0.02, 0.60, er * 1.15


@jit
def mouth_place(v):
    """Height and half width of the mouth."""
    kind = int(v[KIND])
    if kind == PERSON:
        return -0.50, v[MOUTH_W]
    if kind == ROBOT:
        return -0.48, v[MOUTH_W] + 0.06
    return (-0.44, v[MOUTH_W]) if kind == CAT else (-0.47, v[MOUTH_W])
