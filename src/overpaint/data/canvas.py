"""A larger canvas: the picture mirrored beyond its edges, and a mask of what is new."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from overpaint.data.decoding import MAX_PIXELS
from overpaint.data.images import Picture
from overpaint.data.masking import Mask
from overpaint.errors import OptionError

SIDES = ("left", "right", "top", "bottom")
_HOW = "give sides and shares of the picture such as right=0.25 or left=0.5,right=0.5"


def parsed(text: str) -> dict[str, float]:
    """Sides and shares of `right=0.25,left=0.25`.

    Raises:
        OptionError: a side or a share is none, or stands there twice.
    """
    sides: dict[str, float] = {}
    for part in text.split(","):
        name, _, share = (word.strip() for word in part.partition("="))
        if not name:
            why = "it has a comma too many" if "," in text else "it names no side"
            raise OptionError(f"{text!r:.60} extends to no side", why, _HOW)
        try:
            value = float(share)
        except ValueError as error:
            why = f"{share!r:.40} is no share" if share else "it has no share"
            raise OptionError(f"{part.strip()!r:.60} extends to no side", why, _HOW) from error
        if name in sides:
            raise OptionError(f"{text!r:.60} extends {name} twice", "", _HOW)
        sides[name] = value
    return _checked(sides)


def extended(
    picture: Picture, sides: Mapping[str, float], *, max_pixels: int = MAX_PIXELS
) -> tuple[Picture, Mask]:
    """The picture with a mirrored strip at each side, and a mask that is white there alone.

    Profile, transparency, EXIF, name and hash stay the picture's.

    Args:
        sides: of `SIDES`, each with a share in (0, 1] of the width or height; at least a pixel.
    """
    sides = _checked(sides)
    width, height = picture.size
    left, right = (_strip(sides, name, width) for name in ("left", "right"))
    top, bottom = (_strip(sides, name, height) for name in ("top", "bottom"))
    to = (left + width + right, top + height + bottom)
    if to[0] * to[1] > max_pixels:
        why = f"it would have {to[0]} x {to[1]} pixels, more than {max_pixels / 1e6:g} million"
        raise OptionError("the picture cannot be extended so far", why, "extend it by less")
    around = ((top, bottom), (left, right))
    alpha = None if picture.alpha is None else np.pad(picture.alpha, around, mode="symmetric")
    pixels = np.pad(picture.pixels, (*around, (0, 0)), mode="symmetric")
    mask = np.full((to[1], to[0]), 255, np.uint8)
    mask[top : top + height, left : left + width] = 0
    return replace(picture, pixels=pixels, alpha=alpha), Mask(mask)


def _strip(sides: Mapping[str, float], name: str, length: int) -> int:
    return max(1, round(sides[name] * length)) if name in sides else 0


def _checked(sides: Mapping[str, float]) -> dict[str, float]:
    if not sides:
        raise OptionError("the picture is extended to no side", "", _HOW)
    for name, share in sides.items():
        if name not in SIDES:
            raise OptionError(f"{name!r:.40} is no side of a picture", "", _HOW)
        if not 0 < share <= 1:
            what = f"a picture is extended by a share in (0, 1], {name} is {share:g}"
            raise OptionError(what, "", "extend it again for more" if share > 1 else _HOW)
    return dict(sides)
