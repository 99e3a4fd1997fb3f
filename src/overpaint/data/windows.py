"""One square of a picture shown to a model, and the edit laid back on it."""

from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from overpaint.data.images import Picture
from overpaint.data.modes import Array
from overpaint.data.pasting import checked, finished, grey, masked, moved
from overpaint.data.squares import Square, cut, cut_mask, feather, laid, laid_mask

_STRIP = 1 << 22  # pixels pasted at a time, so that memory stays bounded


@dataclass(frozen=True, eq=False)
class Window:
    """Where a model's square lies in a picture; to be used as a `Placement`.

    Args:
        picture: the original.
        source: (3, S, S) float32 in [-1, 1], what the model was given.
        square: of the picture that it shows.
        fade: of the square's side, from no edit at its edge to all of it; 0 for a sharp edge,
            which a mask within the square hides.
    """

    picture: Picture
    source: Tensor
    square: Square
    fade: float

    @property
    def whole(self) -> bool:
        """Whether all of the picture is shown."""
        width, height = self.picture.size
        return self.square.within((width, height)) == (slice(0, height), slice(0, width))

    def fit_mask(self, mask: Array) -> Tensor:
        """A mask (H, W) uint8 of the picture's size as (1, 1, S, S) in [0, 1].

        A cell is as white as the whitest pixel in it.
        """
        values = cut_mask(mask, self.square, self.source.shape[-1])
        return torch.from_numpy(values)[None, None].float() / 255

    def spread(self, mask: Tensor) -> Array:
        """A mask (1, S, S) in [0, 1] of the square as (H, W) uint8 of the picture's size."""
        width, height = self.picture.size
        whole = np.zeros((height, width), np.uint8)
        part = self.square.within((width, height))
        whole[part] = laid_mask(grey(mask), self.square, *part)
        return whole

    def paste(
        self, edited: Tensor, *, mask: Array | None = None, detail: bool = True
    ) -> Image.Image:
        """The picture, RGB or RGBA, with the edit (3, S, S) in [-1, 1] on its square.

        Beyond the square every byte is the original's. `mask` and `detail` are as for
        `Placement.paste`.
        """
        shown = checked(edited, self.source.shape)
        change = (shown - self.source if detail else shown + 1) * 127.5
        values = change.permute(1, 2, 0).numpy()
        out = self.picture.pixels.copy()
        rows, columns = self.square.within(self.picture.size)
        step = max(1, _STRIP // max(1, columns.stop - columns.start))
        for top in range(rows.start, rows.stop, step):
            part = (slice(top, min(top + step, rows.stop)), columns)
            weight = feather(self.square, *part, self.fade)
            weight = weight if mask is None else weight * (mask[part] / np.float32(255))
            here = Picture(out[part], profile=self.picture.profile)
            pasted = moved(here, laid(values, self.square, *part), detail=detail)
            out[part] = masked(here.pixels, pasted, weight)
        return finished(self.picture, out)


def window(picture: Picture, square: Square, size: int, *, fade: float) -> tuple[Tensor, Window]:
    """The square as (1, 3, size, size) in [-1, 1] sRGB, and how to paste the edit back.

    Where it leaves the picture that is mirrored. Transparent parts are shown on white.
    """
    pixels = torch.from_numpy(cut(picture.on_white(), square, size).copy())
    source = pixels.permute(2, 0, 1).float().contiguous() / 127.5 - 1
    return source[None], Window(picture, source, square, fade)
