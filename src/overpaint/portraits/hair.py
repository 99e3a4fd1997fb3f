"""Signed distances of what grows on a head: hair, brows, moustache and beard."""

import math

from overpaint.portraits.compiling import jit
from overpaint.portraits.layout import (
    ANGRY,
    BALD,
    BEARD,
    BROW,
    BROWS,
    BUN,
    CURLY,
    EXPRESSION,
    FACE_W,
    FACIAL_HAIR,
    HAIR_STYLE,
    HEADWEAR,
    KIND,
    LONG,
    MOHAWK,
    NEUTRAL,
    PERSON,
    SAD,
    SURPRISED,
    TEXTURE,
)
from overpaint.portraits.skulls import eye_place, mouth_place
from overpaint.portraits.solids import capsule, ellipsoid


@jit
def hair(v, x, y, z, top):
    """Distance of the hair of a person; `top` is the skull's distance."""
    style = int(v[HAIR_STYLE])
    if int(v[KIND]) != PERSON or style == BALD:
        return 9.0
    line = (0.06 + 0.76 * z + 0.10 * math.sin(5.0 * x + 6.0 * v[TEXTURE]) - y) * 0.75
    d = max(top - 0.10, line)
    if style == LONG:
        fall = ellipsoid(x, y + 0.32, z + 0.24, v[FACE_W] + 0.30, 1.30, 0.66)
        opening = ellipsoid(x, y + 0.55, z - 0.50, v[FACE_W] - 0.06, 1.30, 0.62)
        waves = 0.02 * math.sin(14.0 * x) * math.cos(6.0 * y)
        d = min(d, max(max(fall + waves, -opening), -(y + 1.30)) * 0.8)
    elif style == CURLY:
        curls = math.sin(9.0 * x) * math.sin(9.0 * y + 5.0 * v[TEXTURE]) * math.sin(9.0 * z)
        d = max(top - 0.27 - 0.09 * curls, line - 0.10) * 0.7
    elif style == MOHAWK:
        spikes = 0.07 * math.sin(10.0 * z) if z > -0.6 else 0.0
        d = max(max(top - 0.42 - spikes, abs(x) - 0.12), line + 0.04) * 0.75
    elif style == BUN:
        knot = math.sqrt(x * x + (y - 1.16) ** 2 + (z + 0.12) ** 2) - 0.31
        d = min(d, knot)
    if v[HEADWEAR] > 0:
        d = max(d, y - 0.42)
    return d


@jit
def brow_shape(v, ax, y):
    """Distance in the picture plane of a brow, tilted and raised by the expression."""
    ex, ey, _, er = eye_place(v)
    mood = int(v[EXPRESSION])
    tilt = 0.17 if mood == SAD else -0.20 if mood == ANGRY else -0.02
    lift = 0.15 if mood == SURPRISED else -0.06 if mood == ANGRY else 0.0
    by = ey + er + 0.13 + lift
    inner_y, outer_y = by + tilt, by - 0.4 * tilt
    return capsule(ax, y, 0.0, ex - 0.14, inner_y, 0.0, ex + 0.15, outer_y, 0.0, v[BROW] + 0.01)


@jit
def on_face(v, x, y, z, bare):
    """(distance, part) of brows, moustache and beard: prisms cut with a shell around the face."""
    d, part = max(bare - 0.035, max(brow_shape(v, abs(x), y), 0.1 - z)), BROWS
    style = int(v[FACIAL_HAIR])
    if int(v[KIND]) == PERSON and style > 0:
        my, mw = mouth_place(v)
        ax = abs(x)
        hairs = capsule(ax, y, 0.0, 0.03, my + 0.20, 0.0, 0.27, my + 0.12, 0.0, 0.055)
        hairs = max(bare - 0.06, max(hairs, 0.2 - z))
        if style == 2:
            mood = int(v[EXPRESSION])
            open_r = 0.10 if mood == NEUTRAL else 0.14 if mood == ANGRY else 0.22
            low = 0.06 if mood in (SAD, SURPRISED) else 0.0
            hole = ellipsoid(x, y - my + low, 0.0, mw + 0.05, open_r, 1.0)
            edge = y + 0.36 - 1.0 * max(ax - 0.30, 0.0)
            cover = max(bare - 0.09, max(max(edge * 0.7, -hole), -0.05 - z))
            hairs = min(hairs, cover)
        if hairs < d:
            return hairs, BEARD
    return d, part
