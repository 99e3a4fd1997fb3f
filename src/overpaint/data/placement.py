"""Fitting a picture of any size into a model's frame, and pasting the edit back."""

from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from overpaint.data.images import Picture
from overpaint.data.modes import Array
from overpaint.data.pasting import checked, finished, grey, masked, moved
from overpaint.models.sides import Sides, Size

_STRIP = 1 << 22  # pixels pasted at a time, so that memory stays bounded


@dataclass(frozen=True, eq=False)
class Placement:
    """Where a picture lies in the model's frame: aspect kept, in the middle, edges continued.

    Args:
        picture: the original.
        source: (3, H, W) float32 in [-1, 1], what the model was given.
        box: left, top, right, bottom of the picture in the frame; the rest is padding.
    """

    picture: Picture
    source: Tensor
    box: tuple[int, int, int, int]
    whole = True  # all of the picture is shown, as it need not be by a `Window`

    @property
    def canvas(self) -> Size:
        """Width and height of the frame."""
        return self.source.shape[-1], self.source.shape[-2]

    def fit_mask(self, mask: Array) -> Tensor:
        """A mask of the picture's size, uint8, as (1, 1, H, W) in [0, 1] of the source's.

        A cell is as white as the whitest pixel in it, so that the smallest mask has effect;
        `paste` is exact in pixels.
        """
        left, top, right, bottom = self.box
        (height, width), (h, w) = mask.shape, (bottom - top, right - left)
        rows = np.maximum.reduceat(mask, np.arange(h) * height // h, axis=0)
        small = np.maximum.reduceat(rows, np.arange(w) * width // w, axis=1)
        values = _padded(small[..., None], self.box, self.canvas)
        return torch.from_numpy(values).permute(2, 0, 1)[None].float() / 255

    def spread(self, mask: Tensor) -> Array:
        """A mask (1, H, W) in [0, 1] of the source's size as uint8 of the picture's."""
        left, top, right, bottom = self.box
        small = Image.fromarray(grey(mask)[top:bottom, left:right])
        return np.array(small.resize(self.picture.size, Image.Resampling.BILINEAR))

    def paste(
        self, edited: Tensor, *, mask: Array | None = None, detail: bool = True
    ) -> Image.Image:
        """The edit, (3, H, W) in [-1, 1], as a picture of the original's size, RGB or RGBA.

        Args:
            mask: (H, W) uint8; where it is 0, every byte stays the original's.
            detail: add what the edit changed to the original, whose detail a small model cannot
                hold; else show the enlarged edit alone. At the model's own size both are equal.
        """
        change, exact = self._change(edited, detail=detail)
        original = self.picture.pixels
        out = np.empty_like(original)
        width, height = self.picture.size
        rows = max(1, _STRIP // width)
        for top in range(0, height, rows):
            part = slice(top, min(top + rows, height))
            pasted = self._strip(change, part, exact=exact, detail=detail)
            if mask is not None:
                pasted = masked(original[part], pasted, mask[part] / np.float32(255))
            out[part] = pasted
        return finished(self.picture, out)

    def _change(self, edited: Tensor, *, detail: bool) -> tuple[Array, bool]:
        """(h, w, 3) float32 in grey levels, to be enlarged; and whether it is the result as is."""
        shown = checked(edited, self.source.shape)
        left, top, right, bottom = self.box
        exact = (right - left, bottom - top) == self.picture.size and self._is_plain()
        change = (shown - self.source) * 127.5 if detail and not exact else (shown + 1) * 127.5
        return change.permute(1, 2, 0)[top:bottom, left:right].numpy(), exact

    def _is_plain(self) -> bool:
        alpha = self.picture.alpha
        return self.picture.profile is None and (alpha is None or bool((alpha == 255).all()))

    def _strip(self, change: Array, part: slice, *, exact: bool, detail: bool) -> Array:
        """Rows `part` of the result, (rows, W, 3) uint8, before any mask."""
        here = Picture(self.picture.pixels[part], profile=self.picture.profile)
        if exact:  # the edit as it is, in sRGB: the picture has no profile then
            return moved(here, change[part], detail=False)
        return moved(here, _enlarged(change, self.picture.size, part), detail=detail)


def fit(picture: Picture, frame: int | Sides) -> tuple[Tensor, Placement]:
    """The picture as (1, 3, H, W) in [-1, 1] sRGB, and how to paste the edit back.

    It is never stretched; beyond it its edges go on. Transparent parts are shown on white.

    frame: the side of a square, which the longer side fills, or what sides a model takes.
    """
    fitted = frame.around if isinstance(frame, Sides) else partial(_in_square, side=frame)
    inner, canvas = fitted(picture.size)
    left, top = ((outer - side) // 2 for outer, side in zip(canvas, inner, strict=True))
    box = (left, top, left + inner[0], top + inner[1])
    small = Image.fromarray(picture.on_white()).resize(inner, Image.Resampling.LANCZOS)
    pixels = torch.from_numpy(_padded(np.asarray(small), box, canvas))
    source = pixels.permute(2, 0, 1).float().contiguous() / 127.5 - 1
    return source[None], Placement(picture, source, box)


def _in_square(size: Size, side: int) -> tuple[Size, Size]:
    width, height = size
    scale = side / max(size)
    return (max(1, round(width * scale)), max(1, round(height * scale))), (side, side)


def _padded(values: Array, box: tuple[int, int, int, int], canvas: Size) -> Array:
    (left, top, right, bottom), (width, height) = box, canvas
    return np.pad(values, ((top, height - bottom), (left, width - right), (0, 0)), mode="edge")


def _enlarged(change: Array, size: tuple[int, int], part: slice) -> Array:
    """Rows `part` of (h, w, 3) float32 resampled to `size`, as if all of it were."""
    down = change.shape[0] / size[1]
    box = (0.0, part.start * down, float(change.shape[1]), min(part.stop * down, change.shape[0]))
    to = (size[0], part.stop - part.start)
    channels = [
        np.asarray(
            Image.fromarray(np.ascontiguousarray(change[..., c])).resize(
                to, Image.Resampling.BICUBIC, box=box
            )
        )
        for c in range(3)
    ]
    return np.stack(channels, axis=-1)
