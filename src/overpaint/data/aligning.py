"""Fitting one face of a picture upright into a model's square, and laying the edit back on it."""

from dataclasses import dataclass, replace

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from overpaint.data.face import Face
from overpaint.data.images import Picture
from overpaint.data.masking import Mask
from overpaint.data.modes import Array
from overpaint.data.pasting import checked, finished, masked, moved
from overpaint.data.squares import Square, cut, cut_mask, feather, laid
from overpaint.errors import OptionError

_FEATHER = 0.15  # of the square's side, from no edit at its edge to all of it
_STRIP = 1 << 22  # pixels pasted at a time, so that memory stays bounded
_FARTHEST = 4  # sides of the picture that a square may have


@dataclass(frozen=True, eq=False)
class FacePlacement:
    """Where a face lies in a picture; to be used as a `Placement`.

    Args:
        picture: the original.
        source: (3, S, S) float32 in [-1, 1], what the model was given.
        square: of the picture that it shows.
    """

    picture: Picture
    source: Tensor
    square: Square

    def fit_mask(self, mask: Array) -> Tensor:
        """A mask (H, W) uint8 of the picture's size as (1, 1, S, S) in [0, 1].

        A cell is as white as the whitest pixel in it.
        """
        values = cut_mask(mask, self.square, self.source.shape[-1])
        return torch.from_numpy(values)[None, None].float() / 255

    def paste(
        self, edited: Tensor, *, mask: Array | None = None, detail: bool = True
    ) -> Image.Image:
        """The picture, RGB or RGBA, with the edit (3, S, S) in [-1, 1] on the face.

        It fades smoothly to nothing at the edge of the square; beyond, every byte is the
        original's. `mask` and `detail` are as for `Placement.paste`.
        """
        shown = checked(edited, self.source.shape)
        change = (shown - self.source if detail else shown + 1) * 127.5
        values = change.permute(1, 2, 0).numpy()
        out = self.picture.pixels.copy()
        rows, columns = self.square.within(self.picture.size)
        step = max(1, _STRIP // max(1, columns.stop - columns.start))
        for top in range(rows.start, rows.stop, step):
            part = (slice(top, min(top + step, rows.stop)), columns)
            weight = feather(self.square, *part, _FEATHER)
            weight = weight if mask is None else weight * (mask[part] / np.float32(255))
            here = Picture(out[part], profile=self.picture.profile)
            pasted = moved(here, laid(values, self.square, *part), detail=detail)
            out[part] = masked(here.pixels, pasted, weight)
        return finished(self.picture, out)


def align(picture: Picture, face: Face, size: int) -> tuple[Tensor, FacePlacement]:
    """The face upright as (1, 3, size, size) in [-1, 1] sRGB, and how to paste the edit back.

    Where its square leaves the picture that is mirrored. Transparent parts are shown on white.

    Raises:
        OptionError: the face is not in this picture.
    """
    (width, height), square = picture.size, face.square
    if face.x > width or face.y > height or square.side > _FARTHEST * max(width, height):
        what = f"the face at ({face.x:g}, {face.y:g}) of {face.size:g} pixels is not in the picture"
        raise OptionError(what, f"the picture is {width} x {height}", "look with `overpaint faces`")
    pixels = torch.from_numpy(cut(picture.on_white(), square, size).copy())
    source = pixels.permute(2, 0, 1).float().contiguous() / 127.5 - 1
    return source[None], FacePlacement(picture, source, square)


def reached(mask: Mask, faces: tuple[Face, ...]) -> Mask:
    """The mask without what lies beside the squares of all faces, with a note if that was all."""
    values = np.zeros_like(mask.values)
    for face in faces:
        part = face.square.within((values.shape[1], values.shape[0]))
        values[part] = mask.values[part]
    black = mask.values.any() and not values.any()
    notes = ("the mask is black at every face: nothing will change",) if black else ()
    return replace(mask, values=values, warnings=(*mask.warnings, *notes))
