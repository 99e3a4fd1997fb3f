"""Masks: white is where the edit may act, grey acts softly, black keeps every byte."""

from dataclasses import dataclass, replace

import numpy as np
from PIL import Image

from overpaint.data.decoding import MAX_PIXELS
from overpaint.data.images import Picture, read_image
from overpaint.data.modes import Array
from overpaint.data.placement import Placement
from overpaint.data.windows import Window
from overpaint.errors import ImageReadError

# The least share of the model's square that an edit needs: 8 x 8 of 64 x 64 pixels are one cell
# where the networks see farthest; masks of 4 or 5 pixels come back as they were
# (github.com/omriav/blended-diffusion, issue 19).
LEAST = 1 / 64
_FAINT = 128  # a mask that is nowhere whiter hardly lets anything through


@dataclass(frozen=True, eq=False)
class Mask:
    """values: (H, W) uint8 of the picture's size, 255 where the edit may act; called: in notes."""

    values: Array
    name: str = ""
    sha256: str = ""
    warnings: tuple[str, ...] = ()
    called: str = "the mask"


def read_mask(
    source: object,
    size: tuple[int, int],
    *,
    text: str | None = None,
    max_pixels: int = MAX_PIXELS,
) -> Mask:
    """The mask in `source`, for a picture of `size` (width, height), upright as that one is.

    Sources are as for `read_image`, or a `Mask` of the picture, which stays as it is. Transparent
    parts count as black; a mask of one colour is read from its transparency alone. Another size of
    the same aspect is resized, with a warning.

    text: of the region that it is the mask of; notes call it by that, or by its file.
    """
    if isinstance(source, Mask):
        return source
    found = read_image(_as_picture(source), max_pixels=max_pixels)
    called = "the mask" if text is None else f"the mask of {text or found.name!r:.60}"
    values, notes = _values(found), found.warnings
    if found.size != size:
        _check_aspect(found.size, size, called)
        notes = (*notes, f"{called} was resized from {_times(found.size)} to {_times(size)}")
        values = np.array(Image.fromarray(values).resize(size, Image.Resampling.BILINEAR))
    return _doubted(Mask(values, found.name, found.sha256, notes, called))


def inverted(mask: Mask) -> Mask:
    """The mask of what the other keeps; its notes are its own, its name and hash the file's."""
    notes = tuple(note for note in mask.warnings if note not in _doubts(mask))
    return _doubted(replace(mask, values=255 - mask.values, warnings=notes))


def seen(values: Array, placement: Placement | Window) -> int:
    """How many of the model's pixels a mask (H, W) uint8 covers; grey ones count in part."""
    return round(float(placement.fit_mask(values).sum()))


def too_small(mask: Mask, placement: Placement | Window, *, alone: bool = True) -> str | None:
    """What to say of a mask that covers less of what the model sees than an edit needs.

    alone: not one of several, which are zoomed in on together.
    """
    height, width = placement.source.shape[-2:]
    cells = seen(mask.values, placement)
    if not mask.values.any() or cells >= LEAST * width * height:
        return None
    do = "paint a larger mask" if isinstance(placement, Window) else "zoom in (--zoom auto)"
    do = do if alone else "paint a larger mask, or edit there alone (--mask)"
    few = f"{cells} of the model's {width} x {height} pixels"
    return f"{mask.called} covers {few}, too few to draw in: {do}"


def _doubted(mask: Mask) -> Mask:
    return replace(mask, warnings=(*mask.warnings, *_doubts(mask)))


def _doubts(mask: Mask) -> tuple[str, ...]:
    """Notes on masks that are seldom meant."""
    low, high, called = int(mask.values.min()), int(mask.values.max()), mask.called
    if high == 0:
        return (f"{called} is black everywhere: it changes nothing; white is where an edit acts",)
    notes = []
    if low > 0:
        notes.append(f"{called} is black nowhere: all may change; paint black what stays")
    if high < _FAINT:
        notes.append(f"{called} is at most {high} of 255 white: it changes little; paint it whiter")
    return tuple(notes)


def _as_picture(source: object) -> object:
    """Masks as tensors and arrays may lack the channel, or carry a batch of one."""
    if isinstance(source, np.ndarray):
        return np.squeeze(source) if source.ndim > 2 and 1 in source.shape[:2] else source
    dims = getattr(source, "ndim", None)
    return source[None] if dims == 2 and hasattr(source, "detach") else source  # type: ignore[index]


def _values(found: Picture) -> Array:
    """(H, W) uint8: luminance (ITU-R 601) over black."""
    colour = found.pixels.astype(np.uint32)
    if found.alpha is not None and found.alpha.min() < 255 and _one_colour(found.pixels):
        return found.alpha
    grey = (colour[..., 0] * 299 + colour[..., 1] * 587 + colour[..., 2] * 114 + 500) // 1000
    if found.alpha is not None:
        grey = (grey * found.alpha + 127) // 255
    return grey.astype(np.uint8)


def _one_colour(pixels: Array) -> bool:
    return bool((pixels == pixels[0, 0]).all())


def _check_aspect(mask: tuple[int, int], picture: tuple[int, int], called: str) -> None:
    """Same aspect, to the pixel that rounding costs."""
    (w, h), (width, height) = mask, picture
    if abs(w * height - h * width) <= max(width, height):
        return
    what = f"{called} is {_times(mask)}, the picture {_times(picture)}"
    turned = abs(w * width - h * height) <= max(width, height)
    hint = "turn the mask by 90 degrees" if turned else "draw the mask on the picture itself"
    raise ImageReadError(what, "a mask has the size, or at least the aspect, of its picture", hint)


def _times(size: tuple[int, int]) -> str:
    return f"{size[0]} x {size[1]}"
