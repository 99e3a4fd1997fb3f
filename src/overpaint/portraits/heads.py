"""Signed distances of bare heads, compiled; in head radii, y up, z to the viewer."""

import math

from overpaint.portraits.compiling import jit
from overpaint.portraits.layout import (
    CAT,
    CHEEKS,
    EAR,
    FACE_W,
    GLOW,
    JAW_L,
    JAW_W,
    KIND,
    METAL,
    MUZZLE,
    NOSE,
    NOSE_L,
    NOSE_W,
    PERSON,
    ROBOT,
    SKIN,
)
from overpaint.portraits.skulls import eye_place, skull
from overpaint.portraits.solids import capsule, cylinder, ellipsoid, smooth_min


@jit
def face(v, x, y, z):
    """(distance, part) of the bare head."""
    kind = int(v[KIND])
    d = skull(v, x, y, z)
    if d > 0.9:
        return d - 0.4, SKIN
    if kind == PERSON:
        return human_face(v, x, y, z, d), SKIN
    if kind == ROBOT:
        return robot_face(v, x, y, z, d)
    return furry_face(v, x, y, z, d)


@jit
def human_face(v, x, y, z, d):
    """Distance of a person's head: jaw, cheeks, eye sockets, nose and ears on the skull's `d`."""
    ax = abs(x)
    d = smooth_min(d, ellipsoid(x, y + 0.36, z - 0.10, v[JAW_W], 0.62 * v[JAW_L], 0.62), 0.28)
    cheek = math.sqrt((ax - 0.36) ** 2 + (y + 0.20) ** 2 + (z - 0.46) ** 2) - v[CHEEKS]
    d = smooth_min(d, cheek, 0.22)
    ex, ey, ez, er = eye_place(v)
    socket = math.sqrt((ax - ex) ** 2 + (y - ey) ** 2 + (z - ez - 0.16) ** 2) - er * 1.15
    d = -smooth_min(-d, socket, 0.10)
    nose = capsule(0.8 * x, y, z, 0, 0.10, 0.76, 0, -0.15, 0.83 + v[NOSE_L], v[NOSE_W])
    d = smooth_min(d, nose, 0.10)
    wing = math.sqrt((ax - 0.08) ** 2 + (y + 0.18) ** 2 + (z - 0.80) ** 2) - 0.6 * v[NOSE_W]
    d = smooth_min(d, wing, 0.05)
    e = v[EAR]
    ear = ellipsoid(ax - v[FACE_W], y + 0.02, z + 0.08, 0.10 * e, 0.22 * e, 0.14 * e)
    return smooth_min(d, ear, 0.05)


@jit
def robot_face(v, x, y, z, d):
    """(distance, part) of a robot's head: bolts at the sides, an antenna with a lamp."""
    bolt = cylinder(y + 0.02, abs(x) - v[FACE_W] + 0.02, z, 0.20 * v[EAR], 0.10)
    ball = math.sqrt(x * x + (y - 1.32) ** 2 + z * z) - 0.12
    rod = capsule(x, y, z, 0, 0.8, 0, 0, 1.25, 0, 0.035)
    if ball < min(d, rod):
        return ball, GLOW
    return (d, SKIN) if d < min(bolt, rod) else (min(bolt, rod), METAL)


@jit
def furry_face(v, x, y, z, d):
    """(distance, part) of the head of a cat or a bear: ears, muzzle and nose."""
    ax = abs(x)
    if int(v[KIND]) == CAT:
        cheek = math.sqrt((ax - 0.45) ** 2 + (y + 0.28) ** 2 + (z - 0.28) ** 2) - v[CHEEKS] - 0.08
        d = smooth_min(d, cheek, 0.25)
        ear = capsule(ax, y, 1.8 * z, 0.56, 0.50, 0, 0.56 + 0.22, 0.55 + 0.58 * v[EAR], 0, 0.0)
        along = min(max((y - 0.45) / (0.15 + 0.55 * v[EAR]), 0.0), 1.0)
        d = smooth_min(d, (ear - 0.27 * (1.0 - along) - 0.02) * 0.6, 0.10)
        muzzle = math.sqrt((ax - 0.13) ** 2 + (y + 0.34) ** 2 + (z - 0.66) ** 2) - 0.19
        chin = math.sqrt(x * x + (y + 0.50) ** 2 + (z - 0.56) ** 2) - 0.20
        nose = ellipsoid(x, y + 0.20, z - 0.85, 0.10, 0.065, 0.06)
    else:
        ear = math.sqrt((ax - 0.70) ** 2 + (y - 0.66) ** 2 + (z + 0.05) ** 2) - 0.28 * v[EAR]
        d = smooth_min(d, ear, 0.06)
        muzzle = ellipsoid(x, y + 0.36, z - 0.66, 0.40, 0.31, 0.34)
        chin = muzzle
        nose = ellipsoid(x, y + 0.19, z - 0.97, 0.15, 0.10, 0.09)
    muzzle = smooth_min(muzzle, chin, 0.10)
    if nose < min(d, muzzle):
        return nose, NOSE
    return (smooth_min(d, muzzle, 0.08), MUZZLE if muzzle < d else SKIN)
