"""Compositing: what lies over a picture and where, for an edit to make real (arXiv 2108.01073)."""

import functools
import math
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageChops

from overpaint.data.decoding import MAX_PIXELS
from overpaint.data.images import Picture
from overpaint.data.modes import Array
from overpaint.errors import ImageReadError, OptionError

TOLERANCE = 16  # grey levels by which a guide differs where something was painted or pasted
MOST_GROWN = 256


@dataclass(frozen=True, eq=False)
class Guide:
    """image: what to edit; mask: of its size, white where the edit may act."""

    image: Image.Image
    mask: Image.Image

    @property
    def painted(self) -> float:
        """The share of the picture that the mask covers."""
        return share(self.mask)


def share(mask: Image.Image) -> float:
    """Of the picture that a mask covers."""
    return float(np.asarray(mask).mean() / 255)


def composed(colour: Array, shape: Array, over: Picture, *, grow: int = 0) -> Guide:
    """Colours (H, W, 3) uint8 in sRGB over a picture, as far as `shape` (H, W) uint8 is white.

    Where that is black every byte of the picture stays; its profile, EXIF and dpi stay too.
    grow: pixels by which the mask is larger than the shape.
    """
    if over.profile is not None:
        colour = np.rint(over.profile.from_srgb(colour.astype(np.float32))).astype(np.uint8)
    image, mask = Image.fromarray(over.pixels), Image.fromarray(shape)
    image.paste(Image.fromarray(colour), mask=mask)
    if over.alpha is not None:  # what is laid over is seen
        image.putalpha(ImageChops.lighter(Image.fromarray(over.alpha), mask))
    kept = {"icc_profile": over.icc, "dpi": over.dpi, "exif": over.exif}
    image.info.update({name: value for name, value in kept.items() if value is not None})
    return Guide(image, Image.fromarray(grown(shape, grow)))


def pasted(
    patch: Picture, onto: Picture, at: tuple[int, int], *, width: int | None = None, grow: int = 0
) -> Guide:
    """A patch laid on a picture; its transparency is its shape, and what is outside is cut off.

    Args:
        at: x and y, in pixels of the picture, of the patch's upper left corner.
        width: of the patch on the picture, in pixels; its own without.
        grow: pixels by which the mask is larger than the patch, so that its seam is redrawn.

    Raises:
        OptionError: nothing of the patch lies on the picture, or it would be too large.
    """
    image = _sized(patch, width)
    _check_overlap(image.size, onto.size, at)
    laid = Image.new("RGBA", onto.size)
    laid.paste(image, at)
    shape = np.asarray(laid.getchannel("A"))
    if not shape.any():
        why = "what lies on the picture is transparent"
        raise OptionError("nothing of the patch is to be seen", why, "is it the right file?")
    return composed(np.asarray(laid)[..., :3], shape, onto, grow=grow)


def _check_overlap(patch: tuple[int, int], onto: tuple[int, int], at: tuple[int, int]) -> None:
    ends = [start + length for start, length in zip(at, patch, strict=True)]
    inside = zip(at, ends, onto, strict=True)
    if not all(start < length and end > 0 for start, end, length in inside):
        (left, top), (right, bottom), (width, height) = at, ends, onto
        reach = f"it would reach from {left},{top} to {right},{bottom}"
        why = f"{reach}, the picture from 0,0 to {width},{height}"
        hint = "give another corner with --at X,Y"
        raise OptionError("the patch lies beside the picture", why, hint)


def _sized(patch: Picture, width: int | None) -> Image.Image:
    """The patch as RGBA in sRGB, so many pixels wide."""
    image = Image.fromarray(patch.srgb())
    image.putalpha(Image.fromarray(patch.alpha) if patch.alpha is not None else 255)
    if width is None or width == image.width:
        return image
    to = (width, max(1, round(image.height * width / image.width)))
    if width < 1 or to[0] * to[1] > MAX_PIXELS:
        why = f"a patch has from 1 to {MAX_PIXELS / 1e6:g} million pixels"
        raise OptionError(f"the patch would be {to[0]} x {to[1]} pixels", why, "give another scale")
    # No negative lobes: what is opaque stays so. Pillow weighs the colours by their alpha.
    return image.resize(to, Image.Resampling.HAMMING)


def mask_between(
    guide: Picture, original: Picture, *, threshold: int = TOLERANCE, grow: int = 0
) -> Image.Image:
    """What was painted or pasted: white where a guide differs from its original.

    threshold: grey levels, in [0, 254], that a colour or alpha may differ by and count as equal.

    Raises:
        ImageReadError: the sizes differ, or no pixel differs by more.
    """
    check_same_size(guide, original, "guide", "a mask is where both differ")
    if _is_clear(guide) and not _is_clear(original):
        hint = "lay it over the picture: overpaint strokes lay DRAWN --over PICTURE --mask-out FILE"
        raise ImageReadError("the guide is transparent", "so it is a drawing, not a guide", hint)
    values = differing(guide, original, threshold)
    if not values.any():
        most = int(_apart(guide, original).max())
        what = f"no pixel of the guide differs by more than {threshold} from the original"
        hint = f"give a --threshold below {most}" if most else "is it the right file?"
        raise ImageReadError(what, f"the most is {most}", hint)
    return Image.fromarray(grown(values, grow))


def differing(one: Picture, other: Picture, threshold: int = TOLERANCE) -> Array:
    """(H, W) uint8: 255 where two pictures of one size differ by more than `threshold`."""
    return np.where(_apart(one, other) > threshold, 255, 0).astype(np.uint8)


def _apart(one: Picture, other: Picture) -> Array:
    """(H, W) int16: by how much they differ on white, and in alpha where both have it."""
    apart = np.abs(one.on_white().astype(np.int16) - other.on_white()).max(axis=2)
    if one.alpha is None or other.alpha is None:
        return apart
    return np.maximum(apart, np.abs(one.alpha.astype(np.int16) - other.alpha))


def _is_clear(picture: Picture) -> bool:
    return picture.alpha is not None and bool(picture.alpha.min() < 255)


def check_same_size(one: Picture, other: Picture, what: str, why: str) -> None:
    """Refuses a drawing or guide that is not of its picture's size."""
    if one.size != other.size:
        (w, h), (width, height) = one.size, other.size
        sizes = f"the {what} is {w} x {h}, the picture {width} x {height}"
        raise ImageReadError(sizes, why, "draw on the picture itself")


def grown(values: Array, pixels: int) -> Array:
    """A mask (H, W) uint8 grown by so many pixels, as if a round brush went along its edge."""
    if not 0 <= pixels <= MOST_GROWN:
        raise OptionError(f"a mask grows by 0 to {MOST_GROWN} pixels, got {pixels}")
    across, row = 0, np.pad(values, pixels)  # what is rolled out of it at an edge is black
    out = row
    for down in range(pixels, -1, -1):  # the brush's rows, from its ends to its middle
        while across < math.isqrt(pixels**2 - down**2):
            across, row = across + 1, _lighter(row, np.roll(row, 1, 1), np.roll(row, -1, 1))
        out = _lighter(out, np.roll(row, down, 0), np.roll(row, -down, 0))
    height, width = values.shape
    return out[pixels : pixels + height, pixels : pixels + width]


def _lighter(*masks: Array) -> Array:
    return functools.reduce(np.maximum, masks)
