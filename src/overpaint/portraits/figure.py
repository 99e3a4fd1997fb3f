"""The whole portrait as one signed distance, with the head turned."""

import math

import numpy as np

from overpaint.portraits.compiling import jit
from overpaint.portraits.hair import hair, on_face
from overpaint.portraits.heads import face
from overpaint.portraits.layout import EYES, HAIR, HAT, PITCH, ROLL, YAW
from overpaint.portraits.skulls import eye_place, skull
from overpaint.portraits.wardrobe import body, eyewear, headwear


@jit
def portrait(v, rot, x, y, z):
    """(distance, part) of the whole scene at a point; `rot` (3, 3) turns the head."""
    d, part = body(v, x, y, z)
    y = y + 0.75
    hx = rot[0, 0] * x + rot[1, 0] * y + rot[2, 0] * z
    hy = rot[0, 1] * x + rot[1, 1] * y + rot[2, 1] * z - 0.75
    hz = rot[0, 2] * x + rot[1, 2] * y + rot[2, 2] * z
    far = math.sqrt(hx * hx + (hy - 0.1) ** 2 + hz * hz) - 1.9
    if far > d:
        return d, part
    bare, bare_part = face(v, hx, hy, hz)
    if bare < d:
        d, part = bare, bare_part
    top = skull(v, hx, hy, hz)
    cut = hair(v, hx, hy, hz, top)
    if cut < d:
        d, part = cut, HAIR
    hat = headwear(v, hx, hy, hz, top)
    if hat < d:
        d, part = hat, HAT
    if bare > 0.5:
        return min(d, bare - 0.25), part
    if hz > -0.3:
        ex, ey, ez, er = eye_place(v)
        eye = math.sqrt((abs(hx) - ex) ** 2 + (hy - ey) ** 2 + (hz - ez) ** 2) - er
        if eye < d:
            d, part = eye, EYES
        grown, grown_part = on_face(v, hx, hy, hz, bare)
        if grown < d:
            d, part = grown, grown_part
        worn, worn_part = eyewear(v, hx, hy, hz)
        if worn < d:
            d, part = worn, worn_part
    return d, part


def head_rotation(v: np.ndarray) -> np.ndarray:
    """(3, 3) rotation by yaw, pitch and roll in radians."""
    (sy, cy), (sp, cp), (sr, cr) = ((math.sin(a), math.cos(a)) for a in (v[YAW], v[PITCH], v[ROLL]))
    yaw = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    pitch = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
    roll = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
    return roll @ yaw @ pitch
