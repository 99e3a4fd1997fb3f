"""What is painted on a face: the mouth of each mood, eyes and lids."""

import math

from overpaint.portraits.compiling import jit
from overpaint.portraits.layout import (
    ANGRY,
    CAT,
    EXPRESSION,
    GAZE,
    HAIR_COLOUR,
    IRIS,
    KIND,
    NEUTRAL,
    PERSON,
    ROBOT,
    SAD,
    SKIN_TONE,
    SMILING,
    SURPRISED,
)
from overpaint.portraits.palette import HAIR_COLOURS, INK, IRISES, SKIN_TONES, TEETH
from overpaint.portraits.skulls import eye_place, mouth_place


@jit
def mouth_paint(v, x, y):
    """What the mouth shows at a place of the face: 0 nothing, 1 lip, 2 dark inside, 3 teeth."""
    my, mw = mouth_place(v)
    mood = int(v[EXPRESSION])
    u, h = x / mw, y - my
    lip = 0.06 if v[KIND] == PERSON else 0.05
    if mood == SURPRISED:
        r = math.sqrt((x / 0.135) ** 2 + ((h + 0.03) / 0.185) ** 2)
        return 2 if r < 0.80 else 1 if r < 1.25 else 0
    if abs(u) > 1.12:
        return 0
    curve = 0.20 * (u * u - 0.4)
    if mood == SMILING:
        upper, lower = 0.055 + curve * 0.55, -0.185 + curve * 1.45
        if lower < h < upper:
            return 3 if h > upper - 0.115 else 2
        return 1 if lower - lip * 0.8 < h < upper + lip * 0.7 and abs(u) < 1.08 else 0
    if mood == ANGRY:
        if abs(u) < 0.92 and abs(h) < 0.085:
            return 2 if abs(h) < 0.014 or abs(math.sin(9.0 * u)) < 0.16 else 3
        return 1 if abs(h) < 0.085 + lip * 0.8 and abs(u) < 1.0 else 0
    if mood == SAD:
        h = h + curve * 1.7 + 0.09
        lip *= 1.4
    if mood == NEUTRAL:
        h = h - curve * 0.15
    thick = lip * (1.15 - 0.45 * u * u)
    if abs(h) < thick and abs(u) < 1.0:
        return 2 if abs(h) < 0.014 else 1
    return 0


@jit
def mix(out, colour, amount):
    for c in range(3):
        out[c] = out[c] * (1.0 - amount) + colour[c] * amount


@jit
def eye_paint(v, x, y, out):
    """Lids, white, iris and pupil of an eye, from the offset to its centre."""
    ex, ey, _, er = eye_place(v)
    kind, mood = int(v[KIND]), int(v[EXPRESSION])
    side = 1.0 if x > 0 else -1.0
    u, w = (abs(x) - ex) / er, (y - ey) / er
    upper = 0.95 if mood == SURPRISED else 0.28 if mood == ANGRY else 0.50
    slope = 0.35 if mood == ANGRY else -0.30 if mood == SAD else 0.0
    if kind == ROBOT:
        glow = (0.25, 0.95, 1.0)
        r = math.sqrt(u * u + w * w)
        bright = 2.6 if 0.30 < r < 0.72 and w < upper + slope * u else 0.10
        for c in range(3):
            out[c] = glow[c] * bright
        return
    if w > upper + slope * u or w < -0.78:
        mix(out, SKIN_TONES[int(v[SKIN_TONE])] if kind == PERSON else INK, 1.0)
        if kind != PERSON:
            mix(out, HAIR_COLOURS[int(v[HAIR_COLOUR])], 0.7)
        if w < upper + slope * u + 0.14 and w > 0:
            mix(out, INK, 0.85)
        return
    gx, gy = u * side - v[GAZE], w + 0.05
    r = math.sqrt(gx * gx + gy * gy)
    big = 0.88 if kind == CAT else 0.80 if kind != PERSON else 0.56
    mix(out, TEETH, 1.0)
    if r < big:
        mix(out, IRISES[int(v[IRIS] * 4.999)], 1.0)
        mix(out, INK, 0.55 if r > big - 0.12 else 0.0)
    pupil = abs(gx) < 0.16 and abs(gy) < 0.62 if kind == CAT else r < 0.48 * big
    if pupil:
        mix(out, INK, 1.0)
    if (gx - 0.16) ** 2 + (gy - 0.20) ** 2 < 0.022:
        mix(out, TEETH, 1.0)
