"""Signed distances of a portrait's parts, compiled; in head radii, y up, z to the viewer."""

import math

import numba
import numpy as np

from overpaint.portraits.scene import ATTRIBUTES, NUISANCES

PARTS = (
    "background",
    "skin",
    "eyes",
    "hair",
    "brows",
    "facial hair",
    "headwear",
    "eyewear",
    "lens",
    "clothing",
    "nose",
    "muzzle",
    "metal",
    "glow",
    "mouth",
)
BACKGROUND, SKIN, EYES, HAIR, BROWS, BEARD, HAT, FRAME, LENS, CLOTH = range(10)
NOSE, MUZZLE, METAL, GLOW, MOUTH = range(10, 15)

# Where each attribute and nuisance stands in a scene vector.
_names = [*ATTRIBUTES, "style", *NUISANCES]
KIND, HAIR_COLOUR, HAIR_STYLE, SKIN_TONE, EXPRESSION, EYEWEAR, FACIAL_HAIR = range(7)
HEADWEAR, CLOTHING, BACKDROP, STYLE = range(7, 11)
YAW, PITCH, ROLL = (_names.index(n) for n in ("yaw", "pitch", "roll"))
FACE_W, JAW_W, JAW_L = (_names.index(n) for n in ("face_width", "jaw_width", "jaw_length"))
CHEEKS, NOSE_L, NOSE_W = (_names.index(n) for n in ("cheeks", "nose_length", "nose_width"))
EYE_R, EYE_X = (_names.index(n) for n in ("eye_radius", "eye_distance"))
EYE_Y, BROW = (_names.index(n) for n in ("eye_height", "brow_thickness"))
MOUTH_W, EAR, SHOULDERS = (_names.index(n) for n in ("mouth_width", "ear_size", "shoulders"))
GAZE, LIGHT_A, LIGHT_H = (_names.index(n) for n in ("gaze", "light_azimuth", "light_height"))
AMBIENT, ZOOM = (_names.index(n) for n in ("ambient", "zoom"))
SHIFT_X, SHIFT_Y = (_names.index(n) for n in ("shift_x", "shift_y"))
IRIS, ACCENT, TEXTURE = (_names.index(n) for n in ("iris", "accent", "texture"))
PERSON, CAT, BEAR, ROBOT = range(4)
BALD, SHORT, LONG, CURLY, MOHAWK, BUN = range(6)
NEUTRAL, SMILING, SAD, SURPRISED, ANGRY = range(5)

jit = numba.njit(fastmath=True, cache=True, inline="never", error_model="numpy")


@jit
def smooth_min(a, b, k):
    h = max(k - abs(a - b), 0.0) / k
    return min(a, b) - h * h * k * 0.25


@jit
def ellipsoid(x, y, z, rx, ry, rz):
    x1, y1, z1 = x / rx, y / ry, z / rz
    k0 = math.sqrt(x1 * x1 + y1 * y1 + z1 * z1)
    x2, y2, z2 = x1 / rx, y1 / ry, z1 / rz
    k1 = math.sqrt(x2 * x2 + y2 * y2 + z2 * z2) + 1e-9
    return k0 * (k0 - 1.0) / k1


@jit
def capsule(x, y, z, ax, ay, az, bx, by, bz, r):
    px, py, pz = x - ax, y - ay, z - az
    ux, uy, uz = bx - ax, by - ay, bz - az
    h = (px * ux + py * uy + pz * uz) / (ux * ux + uy * uy + uz * uz)
    h = min(max(h, 0.0), 1.0)
    dx, dy, dz = px - ux * h, py - uy * h, pz - uz * h
    return math.sqrt(dx * dx + dy * dy + dz * dz) - r


@jit
def cylinder(x, y, z, r, h):
    """Upright, radius r, half height h."""
    dx = math.sqrt(x * x + z * z) - r
    dy = abs(y) - h
    outside = math.sqrt(max(dx, 0.0) ** 2 + max(dy, 0.0) ** 2)
    return min(max(dx, dy), 0.0) + outside


@jit
def round_box(x, y, z, bx, by, bz, r):
    qx, qy, qz = abs(x) - bx + r, abs(y) - by + r, abs(z) - bz + r
    ox, oy, oz = max(qx, 0.0), max(qy, 0.0), max(qz, 0.0)
    return math.sqrt(ox * ox + oy * oy + oz * oz) + min(max(qx, max(qy, qz)), 0.0) - r


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


@jit
def face(v, x, y, z):
    """(distance, part) of the bare head."""
    kind = int(v[KIND])
    d = skull(v, x, y, z)
    if d > 0.9:
        return d - 0.4, SKIN
    ax = abs(x)
    if kind == PERSON:
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
        return smooth_min(d, ear, 0.05), SKIN
    if kind == ROBOT:
        bolt = cylinder(y + 0.02, ax - v[FACE_W] + 0.02, z, 0.20 * v[EAR], 0.10)
        ball = math.sqrt(x * x + (y - 1.32) ** 2 + z * z) - 0.12
        rod = capsule(x, y, z, 0, 0.8, 0, 0, 1.25, 0, 0.035)
        if ball < min(d, rod):
            return ball, GLOW
        return (d, SKIN) if d < min(bolt, rod) else (min(bolt, rod), METAL)
    if kind == CAT:
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
def brow_shape(v, ax, y):
    """Distance in the picture plane of a brow, tilted and raised by the expression."""
    ex, ey, _, er = eye_place(v)
    mood = int(v[EXPRESSION])
    tilt = 0.10 if mood == SAD else -0.15 if mood == ANGRY else -0.02
    lift = 0.12 if mood == SURPRISED else -0.05 if mood == ANGRY else 0.0
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
        hairs = capsule(ax, y, 0.0, 0.03, my + 0.18, 0.0, 0.26, my + 0.10, 0.0, 0.055)
        hairs = max(bare - 0.06, max(hairs, 0.2 - z))
        if style == 2:
            open_r = 0.15 if v[EXPRESSION] in (SMILING, SURPRISED) else 0.085
            hole = ellipsoid(x, y - my, 0.0, mw + 0.03, open_r, 1.0)
            edge = y + 0.36 - 1.0 * max(ax - 0.30, 0.0)
            cover = max(bare - 0.09, max(max(edge * 0.7, -hole), -0.05 - z))
            hairs = min(hairs, cover)
        if hairs < d:
            return hairs, BEARD
    return d, part


@jit
def body(v, x, y, z):
    """(distance, part) of neck and shoulders."""
    robot = int(v[KIND]) == ROBOT
    neck = capsule(x, y, z, 0, -0.6, -0.12, 0, -1.5, -0.2, 0.30 if robot else 0.34)
    torso = ellipsoid(x, y + 2.12, z + 0.25, 1.32 * v[SHOULDERS], 0.98, 0.66)
    collar = math.sqrt((math.sqrt(x * x + (z + 0.18) ** 2) - 0.42) ** 2 + (y + 1.24) ** 2) - 0.085
    torso = smooth_min(torso, collar, 0.08)
    return (torso, CLOTH) if torso < neck else (neck, METAL if robot else SKIN)


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
