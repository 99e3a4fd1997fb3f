"""Colours of surfaces: the albedo of each sample of a traced buffer, in linear light."""

import math

import numba
import numpy as np

from overpaint.portraits.shapes import (
    ACCENT,
    ANGRY,
    BEARD,
    BROWS,
    CAT,
    CLOTH,
    CLOTHING,
    EXPRESSION,
    EYES,
    FRAME,
    GAZE,
    GLOW,
    HAIR,
    HAIR_COLOUR,
    HAT,
    HEADWEAR,
    IRIS,
    KIND,
    LENS,
    METAL,
    MOUTH,
    MOUTH_W,
    MUZZLE,
    NEUTRAL,
    NOSE,
    PERSON,
    ROBOT,
    SAD,
    SKIN,
    SKIN_TONE,
    SMILING,
    SURPRISED,
    eye_place,
    jit,
    mouth_place,
)
from overpaint.portraits.trace import HX, HY, HZ, PART


def _linear(*colours: tuple[int, int, int]) -> np.ndarray:
    """(N, 3) linear light of sRGB bytes."""
    return (np.array(colours, dtype=np.float64) / 255.0) ** 2.2


HAIR_COLOURS = _linear(
    (30, 27, 30), (104, 62, 34), (232, 190, 92), (196, 62, 22), (232, 232, 236), (46, 92, 214)
)
SKIN_TONES = _linear((246, 208, 184), (216, 158, 110), (150, 96, 62), (88, 55, 40))
CLOTH_COLOURS = _linear(
    (200, 38, 40), (238, 196, 40), (40, 140, 66), (40, 76, 196), (126, 56, 168), (236, 236, 234),
    (34, 34, 38),
)  # fmt: skip
BACKDROPS = _linear(
    (190, 62, 60), (226, 184, 70), (84, 156, 96), (78, 126, 196), (138, 98, 178), (150, 150, 152)
)
ACCENTS = _linear((190, 44, 52), (32, 92, 120), (214, 150, 36), (70, 120, 60), (120, 60, 120))
IRISES = _linear((74, 46, 28), (58, 110, 178), (70, 132, 84), (120, 92, 50), (110, 130, 140))
LIPS = _linear((196, 88, 88))[0]
DARK = _linear((58, 20, 24))[0]
TEETH = _linear((245, 242, 234))[0]
GOLD = _linear((232, 180, 60))[0]
STEEL = _linear((176, 186, 196))[0]
INK = _linear((26, 26, 30))[0]
PINK = _linear((222, 132, 132))[0]


@jit
def mouth_paint(v, x, y):
    """What the mouth shows at a place of the face: 0 nothing, 1 lip, 2 dark inside, 3 teeth."""
    my, mw = mouth_place(v)
    mood = int(v[EXPRESSION])
    u, h = x / mw, y - my
    lip = 0.05 if v[KIND] == PERSON else 0.042
    if mood == SURPRISED:
        r = math.sqrt((x / 0.115) ** 2 + ((h + 0.03) / 0.155) ** 2)
        return 2 if r < 0.80 else 1 if r < 1.25 else 0
    if abs(u) > 1.12:
        return 0
    curve = 0.17 * (u * u - 0.4)
    if mood == SMILING:
        upper, lower = 0.045 + curve * 0.55, -0.155 + curve * 1.45
        if lower < h < upper:
            return 3 if h > upper - 0.085 else 2
        return 1 if lower - lip * 0.8 < h < upper + lip * 0.7 and abs(u) < 1.08 else 0
    if mood == ANGRY:
        if abs(u) < 0.92 and abs(h) < 0.062:
            return 2 if abs(h) < 0.012 or abs(math.sin(9.0 * u)) < 0.16 else 3
        return 1 if abs(h) < 0.062 + lip * 0.8 and abs(u) < 1.0 else 0
    if mood == SAD:
        h = h + curve * 1.25
    if mood == NEUTRAL:
        h = h - curve * 0.15
    thick = lip * (1.15 - 0.45 * u * u)
    if abs(h) < thick and abs(u) < 1.0:
        return 2 if abs(h) < 0.014 else 1
    return 0


@jit
def _mix(out, colour, amount):
    for c in range(3):
        out[c] = out[c] * (1.0 - amount) + colour[c] * amount


@jit
def _eye(v, x, y, out):
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
        _mix(out, SKIN_TONES[int(v[SKIN_TONE])] if kind == PERSON else INK, 1.0)
        if kind != PERSON:
            _mix(out, HAIR_COLOURS[int(v[HAIR_COLOUR])], 0.7)
        if w < upper + slope * u + 0.14 and w > 0:
            _mix(out, INK, 0.85)
        return
    gx, gy = u * side - v[GAZE], w + 0.05
    r = math.sqrt(gx * gx + gy * gy)
    big = 0.88 if kind == CAT else 0.80 if kind != PERSON else 0.56
    _mix(out, TEETH, 1.0)
    if r < big:
        _mix(out, IRISES[int(v[IRIS] * 4.999)], 1.0)
        _mix(out, INK, 0.55 if r > big - 0.12 else 0.0)
    pupil = abs(gx) < 0.16 and abs(gy) < 0.62 if kind == CAT else r < 0.48 * big
    if pupil:
        _mix(out, INK, 1.0)
    if (gx - 0.16) ** 2 + (gy - 0.20) ** 2 < 0.022:
        _mix(out, TEETH, 1.0)


@jit
def _skin(v, x, y, z, out):
    """Skin, fur or metal of the head, with cheeks, stripes and rivets."""
    kind = int(v[KIND])
    if kind == ROBOT:
        _mix(out, STEEL, 1.0)
        if abs(abs(x) - 0.5) < 0.02 and z > 0 and y < -0.2:
            _mix(out, INK, 0.4)
        return
    if kind == PERSON:
        _mix(out, SKIN_TONES[int(v[SKIN_TONE])], 1.0)
        if z > 0.2:
            blush = math.exp(-12.0 * ((abs(x) - 0.40) ** 2 + (y + 0.22) ** 2))
            _mix(out, LIPS, 0.28 * blush)
        return
    _mix(out, HAIR_COLOURS[int(v[HAIR_COLOUR])], 1.0)
    if kind == CAT:
        stripe = math.sin(9.0 * x + 2.0 * math.sin(5.0 * y)) * math.sin(4.0 * y + 3.0 * abs(x))
        if y > 0.1 or abs(x) > 0.55:
            _mix(out, INK, 0.35 * max(stripe, 0.0))
        if y > 0.62 and z > -0.02 and abs(abs(x) - 0.64) < 0.14:
            _mix(out, PINK, 0.7)
    elif (abs(x) - 0.70) ** 2 + (y - 0.66) ** 2 < 0.024 and z > 0:
        _mix(out, PINK, 0.6)


@jit
def _hat(v, x, y, z, out):
    """Cap and beanie in the accent colour, top hat black with a band, crown of gold."""
    kind = int(v[HEADWEAR])
    accent = ACCENTS[int(v[ACCENT] * 4.999)]
    if kind == 4:
        _mix(out, GOLD, 1.0)
    elif kind == 3:
        _mix(out, INK, 1.0)
        if abs(y - 0.75) < 0.09:
            _mix(out, accent, 1.0)
    else:
        _mix(out, accent, 1.0)
        if kind == 2:
            _mix(out, TEETH, 0.75 if y > 1.08 else 0.25 * (0.5 + 0.5 * math.sin(24.0 * x)))


@jit
def _sample(v, part, x, y, z, out):
    """Albedo of one sample into `out` (3,); returns the part, with MOUTH told from SKIN."""
    kind = int(v[KIND])
    if part in (SKIN, MUZZLE):
        _skin(v, x, y, z, out)
        if part == MUZZLE:
            _mix(out, TEETH, 0.55)
        if kind == ROBOT and abs(x) < v[MOUTH_W] + 0.14 and abs(y + 0.48) < 0.22 and z > 0.4:
            _mix(out, INK, 1.0)
        if z > 0.25 and abs(y) < 0.9:
            shown = mouth_paint(v, x, y)
            if shown > 0:
                if kind == ROBOT:
                    for c in range(3):
                        out[c] = (0.25, 1.9, 2.0)[c]
                else:
                    lip = LIPS if kind == PERSON else DARK
                    _mix(out, lip if shown == 1 else DARK if shown == 2 else TEETH, 1.0)
                    if shown == 1 and kind == PERSON:
                        _mix(out, SKIN_TONES[int(v[SKIN_TONE])], 0.25)
                return MOUTH
    elif part == EYES:
        _eye(v, x, y, out)
    elif part in (HAIR, BEARD, BROWS):
        hair_colour = int(v[HAIR_COLOUR])
        _mix(out, HAIR_COLOURS[hair_colour], 1.0)
        if part == BROWS:
            _mix(out, INK, 0.9 if kind != PERSON else 0.45)
        else:
            strand = 0.5 + 0.5 * math.sin(30.0 * x + 4.0 * math.sin(8.0 * y) + 9.0 * z)
            _mix(out, INK, 0.22 * strand)
    elif part == HAT:
        _hat(v, x, y, z, out)
    elif part in (FRAME, LENS, NOSE):
        _mix(out, PINK if part == NOSE and kind == CAT else INK, 1.0)
    elif part == CLOTH:
        _mix(out, CLOTH_COLOURS[int(v[CLOTHING])], 1.0)
    elif part == METAL:
        _mix(out, STEEL, 1.0)
        _mix(out, INK, 0.35)
    elif part == GLOW:
        for c in range(3):
            out[c] = (2.2, 0.5, 0.3)[c]
    return part


@numba.njit(fastmath=True, cache=True, nogil=True, error_model="numpy")
def _paint(v, buffer, albedo):
    for i in range(buffer.shape[0]):
        for j in range(buffer.shape[1]):
            b = buffer[i, j]
            if b[PART] > 0:
                b[PART] = _sample(v, int(b[PART]), b[HX], b[HY], b[HZ], albedo[i, j])


def paint(vector: np.ndarray, buffer: np.ndarray) -> np.ndarray:
    """(S, S, 3) float32 linear albedo of a buffer; marks the mouth's samples in it."""
    albedo = np.zeros((*buffer.shape[:2], 3), dtype=np.float32)
    _paint(vector, buffer, albedo)
    return albedo
