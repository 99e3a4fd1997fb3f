"""Colour profiles as curves and a matrix, in numpy: hostile ones never meet a native library."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from overpaint.data.modes import Array

_STRIP = 1 << 20  # pixels at a time, so that memory stays bounded
# Linear sRGB to XYZ at D50, the profile connection space (IEC 61966-2-1, Bradford-adapted).
SRGB_TO_XYZ = np.array(
    [
        [0.4360747, 0.3850649, 0.1430804],
        [0.2225045, 0.7168786, 0.0606169],
        [0.0139322, 0.0971045, 0.7141733],
    ]
)


def _encode(linear: Array) -> Array:
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


def _decode(encoded: Array) -> Array:
    return np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)


# Tables instead of powers: a photograph has millions of values. Light is cut finely enough for
# the darkest level of a pure power curve; stored values to a sixteenth of a level.
_LIGHT, _FINE = 1 << 18, 16
_SRGB_BYTES = np.rint(_encode(np.linspace(0, 1, _LIGHT)) * 255).astype(np.uint8)
_SRGB_LIGHT = _decode(np.linspace(0, 1, 255 * _FINE + 1)).astype(np.float32)


def _index(values: Array, scale: float, last: int) -> Array:
    """Where each value times `scale` stands in a table with that last index."""
    return np.clip(np.rint(values * np.float32(scale)), 0, last).astype(np.int32)


@dataclass(frozen=True, eq=False)
class Profile:
    """curves: (C, 256), rising, from a stored value to linear light; matrix: (3, 3) to XYZ."""

    curves: Array
    matrix: Array

    @cached_property
    def _stored(self) -> Array:
        """(3, _LIGHT) float32: the curves backwards, from linear light to 0..255."""
        light, steps = np.linspace(0, 1, _LIGHT), np.arange(256)
        back = [np.interp(light, curve, steps).astype(np.float32) for curve in self.curves]
        return np.broadcast_to(np.stack(back), (3, _LIGHT))

    def to_srgb(self, colours: Array) -> Array:
        """(H, W, 3) uint8 of this profile to the nearest (H, W, 3) uint8 of sRGB."""
        out = np.empty_like(colours)
        across = (np.linalg.inv(SRGB_TO_XYZ) @ self.matrix).T.astype(np.float32)
        curves = np.broadcast_to(self.curves, (3, 256)).astype(np.float32)
        for rows in _strips(colours):
            linear = np.stack([curves[c][colours[rows, :, c]] for c in range(3)], axis=-1)
            out[rows] = _SRGB_BYTES[_index(linear @ across, _LIGHT - 1, _LIGHT - 1)]
        return out

    def from_srgb(self, colours: Array) -> Array:
        """(H, W, 3) sRGB in 0..255, float or not, to float32 of this profile in 0..255."""
        across = (np.linalg.inv(self.matrix) @ SRGB_TO_XYZ).T.astype(np.float32)
        linear = _SRGB_LIGHT[_index(colours, _FINE, 255 * _FINE)] @ across
        where = _index(linear, _LIGHT - 1, _LIGHT - 1)
        return np.stack([self._stored[c][where[..., c]] for c in range(3)], axis=-1)

    def is_srgb(self) -> bool:
        """Whether no colour moves by more than a level or two."""
        ramp = np.linspace(0, 255, 18).astype(np.uint8)
        grid = np.stack(np.meshgrid(ramp, ramp, ramp), axis=-1).reshape(1, -1, 3)
        return bool(np.abs(self.to_srgb(grid).astype(int) - grid).max() <= 2)


def _strips(colours: Array) -> list[slice]:
    rows = max(1, _STRIP // colours.shape[1])
    return [slice(at, at + rows) for at in range(0, colours.shape[0], rows)]
