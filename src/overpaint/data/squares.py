"""Tilted squares in a picture: cut out at a model's size, and laid back into their place."""

import math
from dataclasses import dataclass

import numpy as np
from PIL import Image

from overpaint.data.modes import Array

_MOST = 2048  # a larger square is reduced by a whole number first, so that memory stays bounded
_RIM = 3  # pixels around the square that a kernel reaches for
# Pillow's resampling is exact where it resizes, not where it turns: what is to be turned is made
# three times as fine first, so that a pixel's own value stays at its middle.
_FINER = 3


@dataclass(frozen=True)
class Square:
    """A square in a picture, whose pixel i covers [i, i + 1).

    Args:
        x, y: of its centre, in pixels.
        side: in pixels.
        tilt: degrees that it is turned clockwise.
    """

    x: float
    y: float
    side: float
    tilt: float

    @property
    def axes(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """Unit vectors to its right and downwards, as (x, y)."""
        turn = math.radians(self.tilt)
        return (math.cos(turn), math.sin(turn)), (-math.sin(turn), math.cos(turn))

    def at(self, right: float, down: float) -> tuple[float, float]:
        """The point that lies so many sides to the right of, and below, its centre."""
        (a, b), (c, d) = self.axes
        right, down = right * self.side, down * self.side
        return self.x + a * right + c * down, self.y + b * right + d * down

    def bounds(self) -> tuple[int, int, int, int]:
        """left, top, right, bottom of the pixels that it touches; some may lie outside."""
        corners = [self.at(right, down) for right in (-0.5, 0.5) for down in (-0.5, 0.5)]
        xs, ys = zip(*corners, strict=True)
        return math.floor(min(xs)), math.floor(min(ys)), math.ceil(max(xs)), math.ceil(max(ys))

    def within(self, size: tuple[int, int]) -> tuple[slice, slice]:
        """Rows and columns of a picture of `size` (width, height) that it touches."""
        left, top, right, bottom = self.bounds()
        width, height = size
        return slice(max(0, top), min(bottom, height)), slice(max(0, left), min(right, width))

    def shrunk(self, factor: int) -> "Square":
        """The same square of a picture reduced by `factor`."""
        return Square(self.x / factor, self.y / factor, self.side / factor, self.tilt)


def cut(pixels: Array, square: Square, size: int) -> Array:
    """The square of a picture (H, W, 3) uint8 as (size, size, 3), free of aliasing.

    Beyond its edges the picture is mirrored.
    """
    factor = max(1, round(square.side / _MOST))
    small = np.asarray(Image.fromarray(pixels).reduce(factor)) if factor > 1 else pixels
    square = square.shrunk(factor)
    fine = size * max(1, math.ceil(square.side / size))
    finer = _FINER if square.side < 2 * size else 1
    found = _sampled(small, square, fine, Image.Resampling.BILINEAR, finer)
    return np.asarray(found.resize((size, size), Image.Resampling.LANCZOS))


def glance(pixels: Array, square: Square, size: int) -> Array:
    """As `cut`, quickly: a sample for each pixel, for squares of about `size` pixels."""
    return np.asarray(_sampled(pixels, square, size, Image.Resampling.BILINEAR))


def cut_mask(mask: Array, square: Square, size: int) -> Array:
    """The square of a mask (H, W) uint8 as (size, size): each cell as its whitest pixel."""
    factor = max(1, round(square.side / _MOST))
    rows = np.maximum.reduceat(mask, np.arange(0, mask.shape[0], factor), axis=0)
    small = np.maximum.reduceat(rows, np.arange(0, mask.shape[1], factor), axis=1)
    square = square.shrunk(factor)
    # Samples at most 1 / sqrt(2) apart: however it is turned, one lies within every pixel.
    each = math.ceil(math.sqrt(2) * square.side / size)
    found = np.asarray(_sampled(small, square, size * each, Image.Resampling.NEAREST))
    return found.reshape(size, each, size, each).max(axis=(1, 3))


def laid(values: Array, square: Square, rows: slice, columns: slice) -> Array:
    """What `values` (S, S, C) float32, lying on the square, are at some pixels of the picture.

    Where the square has fewer pixels than `values`, those are averaged; beyond it is 0.
    """
    size = min(values.shape[0], max(1, math.ceil(square.side)))
    (a, b), (c, d) = square.axes
    fine = _FINER * size
    scale = fine / square.side
    x, y = columns.start - square.x, rows.start - square.y
    across = (a * scale, b * scale, (a * x + b * y) * scale + fine / 2)
    down = (c * scale, d * scale, (c * x + d * y) * scale + fine / 2)
    to = (columns.stop - columns.start, rows.stop - rows.start)
    channels = [
        Image.fromarray(np.ascontiguousarray(values[..., k]))
        .resize((size, size), Image.Resampling.LANCZOS)
        .resize((fine, fine), Image.Resampling.BICUBIC)
        .transform(to, Image.Transform.AFFINE, (*across, *down), Image.Resampling.BILINEAR)
        for k in range(values.shape[2])
    ]
    return np.stack([np.asarray(each) for each in channels], axis=-1)


def laid_mask(mask: Array, square: Square, rows: slice, columns: slice) -> Array:
    """As `laid`, of a mask (S, S) uint8: nowhere whiter than its cells around, beyond it black."""
    (a, b), (c, d) = square.axes
    scale = mask.shape[0] / square.side
    x, y, half = columns.start - square.x, rows.start - square.y, mask.shape[0] / 2
    across = (a * scale, b * scale, (a * x + b * y) * scale + half)
    down = (c * scale, d * scale, (c * x + d * y) * scale + half)
    to = (columns.stop - columns.start, rows.stop - rows.start)
    flat = Image.fromarray(mask)
    return np.asarray(
        flat.transform(to, Image.Transform.AFFINE, (*across, *down), Image.Resampling.BILINEAR)
    )


def feather(square: Square, rows: slice, columns: slice, width: float) -> Array:
    """(rows, columns) float32: 1 within the square, smoothly down to 0 at its edges and beyond.

    width: of the way from 0 to 1, in sides; with 0 the pixels of the square are 1 to its edges.
    """
    x = np.arange(columns.start, columns.stop)[None] + 0.5 - square.x
    y = np.arange(rows.start, rows.stop)[:, None] + 0.5 - square.y
    weight = np.ones((y.size, x.size), np.float32)
    for right, down in square.axes:
        inward = 0.5 - np.abs(x * right + y * down) / square.side
        ramp = np.clip(inward / width, 0, 1) if width else (inward > 0).astype(np.float32)
        weight *= ramp * ramp * (3 - 2 * ramp)
    return weight


def _sampled(
    pixels: Array, square: Square, size: int, resampling: Image.Resampling, finer: int = 1
) -> Image.Image:
    """`size` times `size` points of the square, with the picture mirrored at its edges."""
    left, top, right, bottom = square.bounds()
    left, top = left - _RIM, top - _RIM
    rows = _mirrored(np.arange(top, bottom + _RIM), pixels.shape[0])
    columns = _mirrored(np.arange(left, right + _RIM), pixels.shape[1])
    around = Image.fromarray(pixels[np.ix_(rows, columns)])
    if finer > 1:
        around = around.resize((finer * len(columns), finer * len(rows)), Image.Resampling.BICUBIC)
    (a, b), (c, d) = square.axes
    step = finer * square.side / size
    x, y = square.at(-0.5, -0.5)
    matrix = (a * step, c * step, finer * (x - left), b * step, d * step, finer * (y - top))
    return around.transform((size, size), Image.Transform.AFFINE, matrix, resampling)


def _mirrored(index: Array, length: int) -> Array:
    """Indices anywhere as such below `length`: ..., 1, 0, 0, 1, ..., n - 1, n - 1, n - 2, ..."""
    there = np.mod(index, 2 * length)
    return np.minimum(there, 2 * length - 1 - there)
