"""Fitting one face of a picture upright into a model's square, and laying the edit back on it."""

from dataclasses import replace

import numpy as np
from torch import Tensor

from overpaint.data.face import Face
from overpaint.data.images import Picture
from overpaint.data.masking import Mask
from overpaint.data.windows import Window, window
from overpaint.errors import OptionError

_FEATHER = 0.15  # of the square's side: smooth to nothing, since nobody drew where a face ends
_FARTHEST = 4  # sides of the picture that a square may have

FacePlacement = Window


def align(picture: Picture, face: Face, size: int) -> tuple[Tensor, Window]:
    """The face upright as (1, 3, size, size) in [-1, 1] sRGB, and how to paste the edit back.

    Where its square leaves the picture that is mirrored. Transparent parts are shown on white.

    Raises:
        OptionError: the face is not in this picture.
    """
    (width, height), square = picture.size, face.square
    if face.x > width or face.y > height or square.side > _FARTHEST * max(width, height):
        what = f"the face at ({face.x:g}, {face.y:g}) of {face.size:g} pixels is not in the picture"
        raise OptionError(what, f"the picture is {width} x {height}", "look with `overpaint faces`")
    return window(picture, square, size, fade=_FEATHER)


def reached(mask: Mask, faces: tuple[Face, ...]) -> Mask:
    """The mask without what lies beside the squares of all faces, with a note if that was all."""
    values = np.zeros_like(mask.values)
    for face in faces:
        part = face.square.within((values.shape[1], values.shape[0]))
        values[part] = mask.values[part]
    black = mask.values.any() and not values.any()
    notes = ("the mask is black at every face: nothing will change",) if black else ()
    return replace(mask, values=values, warnings=(*mask.warnings, *notes))
