"""ICC profiles, parsed with every bound checked: damaged ones are told from unusual ones."""

import struct

import numpy as np

from overpaint.data.colour import SRGB_TO_XYZ, Profile
from overpaint.data.modes import Array

_MOST_BYTES = 4_000_000


class ProfileError(ValueError):
    """The profile is damaged, or not for this kind of picture."""


def read_profile(icc: bytes, space: str) -> Profile | None:
    """The profile of an "RGB" or "GRAY" picture; None for a sound one that is more than a matrix.

    Raises:
        ProfileError: it is damaged or for another kind of picture, and not to be kept.
    """
    tags = _tags(icc, space)
    names = ("kTRC",) if space == "GRAY" else ("rTRC", "gTRC", "bTRC")
    if space == "GRAY":
        matrix = SRGB_TO_XYZ
    else:
        columns = [_xyz(icc, tags.get(name)) for name in ("rXYZ", "gXYZ", "bXYZ")]
        if "A2B0" in tags or any(column is None for column in columns):
            return None
        matrix = np.array(columns).T
    if any(name not in tags for name in names):
        return None
    curves = np.stack([_curve(icc, *tags[name]) for name in names])
    if abs(np.linalg.det(matrix)) < 1e-4 or np.abs(matrix).max() > 4:
        raise ProfileError("its primaries are no colours")
    return Profile(curves, matrix)


def _tags(icc: bytes, space: str) -> dict[str, tuple[int, int]]:
    """Tag name -> (offset, size), all of them inside the profile."""
    if not 132 <= len(icc) <= _MOST_BYTES or icc[36:40] != b"acsp":
        raise ProfileError("it is no ICC profile")
    (size,), (count,) = struct.unpack_from(">I", icc, 0), struct.unpack_from(">I", icc, 128)
    if size > len(icc) or count > 200 or 132 + 12 * count > len(icc):
        raise ProfileError("it is truncated")
    if icc[16:20] != space.ljust(4).encode():
        raise ProfileError(f"it is not for {space} pictures")
    tags = {}
    for at in range(132, 132 + 12 * count, 12):
        name, start, length = struct.unpack_from(">4sII", icc, at)
        if start + length > len(icc) or length < 8:
            raise ProfileError("a tag lies outside it")
        tags[name.decode("latin-1")] = (start, length)
    return tags


def _xyz(icc: bytes, where: tuple[int, int] | None) -> tuple[float, ...] | None:
    if where is None:
        return None
    if where[1] < 20 or icc[where[0] : where[0] + 4] != b"XYZ ":
        raise ProfileError("a primary is damaged")
    return tuple(value / 65_536 for value in struct.unpack_from(">3i", icc, where[0] + 8))


def _curve(icc: bytes, start: int, length: int) -> Array:
    """(256,) rising from a stored value to linear light, of a `curv` or `para` tag."""
    tag, steps = icc[start : start + 4], np.linspace(0, 1, 256)
    if length < 12:
        raise ProfileError("a curve is damaged")
    if tag == b"curv":
        (count,) = struct.unpack_from(">I", icc, start + 8)
        if 12 + 2 * count > length:
            raise ProfileError("a curve is truncated")
        points = np.frombuffer(icc, ">u2", count, start + 12)
        if count < 2:
            values = steps ** (float(points[0]) / 256 if count else 1.0)
        else:
            values = np.interp(steps, np.linspace(0, 1, count), points / 65_535)
    elif tag == b"para":
        values = _parametric(icc, start, length, steps)
    else:
        raise ProfileError("a curve is of an unknown kind")
    if not np.isfinite(values).all() or (np.diff(values) < 0).any() or values[-1] < 0.1:
        raise ProfileError("a curve does not rise")
    return np.clip(values, 0, 1)


def _parametric(icc: bytes, start: int, length: int, x: Array) -> Array:
    """ICC.1:2010, 10.16: the five parametric curves."""
    (form,) = struct.unpack_from(">H", icc, start + 8)
    names = (1, 3, 4, 5, 7)
    if form > 4 or 12 + 4 * names[form] > length:
        raise ProfileError("a curve is damaged")
    given = [v / 65_536 for v in struct.unpack_from(f">{names[form]}i", icc, start + 12)]
    g, a, b, c, d, e, f = given + [1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0][len(given) :]
    if form in (1, 2):
        if abs(a) < 1e-6:
            raise ProfileError("a curve is damaged")
        # Below -b/a the curve stands at c (0 in form 1), c being added above as well.
        d, e, f, c = -b / a, (c if form == 2 else 0.0), (c if form == 2 else 0.0), 0.0
    if not 0 < g < 20:
        raise ProfileError("a curve is damaged")
    above = np.maximum(a * x + b, 0) ** g + e
    return np.where(x >= d, above, c * x + f)
