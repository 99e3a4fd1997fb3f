"""Colours of surfaces: the albedo of each sample of a traced buffer, in linear light."""

import math

import numpy as np

from overpaint.portraits.compiling import entry, jit
from overpaint.portraits.features import eye_paint, mix, mouth_paint
from overpaint.portraits.layout import (
    ACCENT,
    BEARD,
    BROWS,
    CAT,
    CLOTH,
    CLOTHING,
    EYES,
    FRAME,
    GLOW,
    HAIR,
    HAIR_COLOUR,
    HAT,
    HEADWEAR,
    KIND,
    LENS,
    METAL,
    MOUTH,
    MOUTH_W,
    MUZZLE,
    NOSE,
    PERSON,
    ROBOT,
    SKIN,
    SKIN_TONE,
)
from overpaint.portraits.palette import (
    ACCENTS,
    CLOTH_COLOURS,
    DARK,
    GOLD,
    HAIR_COLOURS,
    INK,
    LIPS,
    PINK,
    SKIN_TONES,
    STEEL,
    TEETH,
)
from overpaint.portraits.trace import HX, HY, HZ, PART


@jit
def _skin(v, x, y, z, out):
    """Skin, fur or metal of the head, with cheeks, stripes and rivets."""
    kind = int(v[KIND])
    if kind == ROBOT:
        mix(out, STEEL, 1.0)
        if abs(abs(x) - 0.5) < 0.02 and z > 0 and y < -0.2:
            mix(out, INK, 0.4)
        return
    if kind == PERSON:
        mix(out, SKIN_TONES[int(v[SKIN_TONE])], 1.0)
        if z > 0.2:
            blush = math.exp(-12.0 * ((abs(x) - 0.40) ** 2 + (y + 0.22) ** 2))
            mix(out, LIPS, 0.28 * blush)
        return
    mix(out, HAIR_COLOURS[int(v[HAIR_COLOUR])], 1.0)
    if kind == CAT:
        stripe = math.sin(9.0 * x + 2.0 * math.sin(5.0 * y)) * math.sin(4.0 * y + 3.0 * abs(x))
        if y > 0.1 or abs(x) > 0.55:
            mix(out, INK, 0.35 * max(stripe, 0.0))
        if y > 0.62 and z > -0.02 and abs(abs(x) - 0.64) < 0.14:
            mix(out, PINK, 0.7)
    elif (abs(x) - 0.70) ** 2 + (y - 0.66) ** 2 < 0.024 and z > 0:
        mix(out, PINK, 0.6)


@jit
def _hat(v, x, y, z, out):
    """Cap and beanie in the accent colour, top hat black with a band, crown of gold."""
    kind = int(v[HEADWEAR])
    accent = ACCENTS[int(v[ACCENT] * 4.999)]
    if kind == 4:
        mix(out, GOLD, 1.0)
    elif kind == 3:
        mix(out, INK, 1.0)
        if abs(y - 0.75) < 0.09:
            mix(out, accent, 1.0)
    else:
        mix(out, accent, 1.0)
        if kind == 2:
            mix(out, TEETH, 0.75 if y > 1.08 else 0.25 * (0.5 + 0.5 * math.sin(24.0 * x)))


@jit
def _face(v, part, x, y, z, out):
    """Skin or muzzle with the mouth on it; returns the part, with MOUTH told from SKIN."""
    kind = int(v[KIND])
    _skin(v, x, y, z, out)
    if part == MUZZLE:
        mix(out, TEETH, 0.55)
    if kind == ROBOT and abs(x) < v[MOUTH_W] + 0.14 and abs(y + 0.48) < 0.30 and z > 0.4:
        mix(out, INK, 1.0)
    shown = mouth_paint(v, x, y) if z > 0.25 and abs(y) < 0.9 else 0
    if shown == 0:
        return part
    if kind == ROBOT:
        for c in range(3):
            out[c] = (0.25, 1.9, 2.0)[c]
        return MOUTH
    lip = LIPS if kind == PERSON else DARK
    mix(out, lip if shown == 1 else DARK if shown == 2 else TEETH, 1.0)
    if shown == 1 and kind == PERSON:
        mix(out, SKIN_TONES[int(v[SKIN_TONE])], 0.25)
    return MOUTH


@jit
def _hairs(v, part, x, y, z, out):
    """Strands of hair and beard; darker brows."""
    mix(out, HAIR_COLOURS[int(v[HAIR_COLOUR])], 1.0)
    if part == BROWS:
        mix(out, INK, 0.9 if v[KIND] != PERSON else 0.45)
    else:
        strand = 0.5 + 0.5 * math.sin(30.0 * x + 4.0 * math.sin(8.0 * y) + 9.0 * z)
        mix(out, INK, 0.22 * strand)


@jit
def _sample(v, part, x, y, z, out):
    """Albedo of one sample into `out` (3,); returns the part, with MOUTH told from SKIN."""
    if part in (SKIN, MUZZLE):
        return _face(v, part, x, y, z, out)
    if part == EYES:
        eye_paint(v, x, y, out)
    elif part in (HAIR, BEARD, BROWS):
        _hairs(v, part, x, y, z, out)
    elif part == HAT:
        _hat(v, x, y, z, out)
    elif part in (FRAME, LENS, NOSE):
        mix(out, PINK if part == NOSE and v[KIND] == CAT else INK, 1.0)
    elif part == CLOTH:
        mix(out, CLOTH_COLOURS[int(v[CLOTHING])], 1.0)
    elif part == METAL:
        mix(out, STEEL, 1.0)
        mix(out, INK, 0.35)
    elif part == GLOW:
        for c in range(3):
            out[c] = (2.2, 0.5, 0.3)[c]
    return part


@entry
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
