"""Guides of brush strokes: made of a picture, or drawn by hand over one (arXiv 2108.01073).

A guide is a picture like any other: SDEdit makes it real as it is, DiffusionCLIP over a bridge.
"""

import numpy as np
from PIL import Image, ImageColor, ImageFilter

from overpaint.data.compositing import Guide, check_same_size, composed, differing
from overpaint.data.images import Picture
from overpaint.data.modes import Array
from overpaint.errors import ImageReadError, OptionError

BRUSH = 23 / 256  # of the longer side, and
COLOURS = 6  # how many: the paper's simulated strokes
CANVAS = 256  # longest side of what the median filter is given, whose cost grows with the brush
_ROWS = 256  # whose colours are compared at a time, so that memory stays bounded


def simulated(picture: Picture, *, brush: float = BRUSH, colours: int = COLOURS) -> Image.Image:
    """The picture as if painted with a broad brush: a median filter, then few flat colours.

    Transparent parts are painted on white; the result is sRGB, of the picture's size.

    Args:
        brush: side of the median filter, in [0, 0.5] of the picture's longer side.
        colours: at most so many, in [1, 256].
    """
    if not 0 <= brush <= 0.5:
        raise OptionError(f"brush must be a share of the longer side in [0, 0.5], got {brush:g}")
    if not 1 <= colours <= 256:
        raise OptionError(f"colours must be a whole number in [1, 256], got {colours}")
    whole = Image.fromarray(picture.on_white())
    small = whole.copy()
    small.thumbnail((CANVAS, CANVAS), Image.Resampling.BOX)  # rings at no edge
    side = round(brush * max(small.size)) // 2 * 2 + 1  # odd, as a median wants it
    if side > 1:
        small = small.filter(ImageFilter.MedianFilter(side))
        whole = small.resize(whole.size, Image.Resampling.BICUBIC)
    return Image.fromarray(_nearest(np.asarray(whole), palette(small, colours)))


def palette(image: Image.Image, colours: int) -> Array:
    """(N, 3) uint8, the at most `colours` that stand best for those of an RGB image."""
    found = np.unique(np.asarray(image).reshape(-1, 3), axis=0)
    if len(found) <= colours:
        return found
    few = image.quantize(colours, Image.Quantize.MEDIANCUT, kmeans=1)
    return np.unique(np.asarray(few.convert("RGB")).reshape(-1, 3), axis=0)


def _nearest(pixels: Array, colours: Array) -> Array:
    """Each of (H, W, 3) as the nearest of (N, 3)."""
    wanted = colours.astype(np.float32)
    parts = []
    for top in range(0, len(pixels), _ROWS):
        part = pixels[top : top + _ROWS].astype(np.float32)
        apart = (wanted**2).sum(1) - 2 * part @ wanted.T  # the part's own square is the same to all
        parts.append(colours[apart.argmin(-1)])
    return np.concatenate(parts)


def laid(drawing: Picture, over: Picture) -> Guide:
    """A drawing laid over a picture of its size; where nothing is painted every byte stays.

    A drawing without transparency is the picture painted on: its strokes are where both differ.

    Raises:
        ImageReadError: the sizes differ, or nothing is painted.
    """
    check_same_size(drawing, over, "drawing", "strokes lie where they were drawn")
    painted = _painted(drawing, over)
    if not painted.any():
        why = "it is transparent everywhere, or the same as the picture"
        raise ImageReadError("nothing is painted in the drawing", why, "is it the right file?")
    return composed(drawing.srgb(), painted, over)


def on_paper(drawing: Picture, colour: str) -> Guide:
    """A drawing laid over a plain colour: one by its name, or #rrggbb."""
    try:
        rgb = ImageColor.getrgb(colour)[:3]
    except ValueError as error:
        why, hint = "it is neither a name nor a number", "give white, or #d8cfc4, or the like"
        raise OptionError(f"{colour!r:.40} is no colour", why, hint) from error
    width, height = drawing.size
    return laid(drawing, Picture(np.full((height, width, 3), rgb, np.uint8)))


def _painted(drawing: Picture, over: Picture) -> Array:
    """(H, W) uint8: the drawing's alpha, or 255 where an opaque one differs."""
    if drawing.alpha is not None and drawing.alpha.min() < 255:
        return drawing.alpha
    return differing(drawing, over)
