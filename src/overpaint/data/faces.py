"""Which faces of a picture are meant: the only one, one by number, or all."""

import operator
from collections.abc import Iterable, Sequence

from overpaint.data import finding
from overpaint.data.decoding import MAX_PIXELS
from overpaint.data.face import Face
from overpaint.data.images import Picture, read_image
from overpaint.errors import ImageReadError, OptionError

AUTO, ALL = "auto", "all"
_LISTED = 12


def faces(image: object, *, max_pixels: int = MAX_PIXELS) -> tuple[Face, ...]:
    """The faces in a picture, whatever `read_image` takes, from left to right.

    Raises:
        ImageReadError: there is none, or the picture cannot be read.
        OptionError: the library that finds them is not installed.
    """
    picture = read_image(image, max_pixels=max_pixels)
    found = sorted(finding.find(picture.srgb()), key=lambda face: (face.x, face.y))
    if not found:
        what = f"no face was found in {picture.name or 'the picture'}"
        why = "faces are looked for from the front, tilted by up to 40 degrees"
        hint = "turn it upright, enlarge it or crop it; or edit the whole picture"
        raise ImageReadError(what, why, hint)
    return tuple(found)


def choose(picture: Picture, asked: object) -> tuple[Face, ...]:
    """The faces of `picture` that are `asked` for, none where that is None.

    Args:
        asked: "auto" (the only one), "all", a number from 1 from left to right, a `Face`, or
            several, in the order in which they are to be edited.

    Raises:
        ImageReadError: no face was found.
        OptionError: there are several and none was chosen, or not so many.
    """
    if asked is None:
        return ()
    if isinstance(asked, Face):
        return (asked,)
    if isinstance(asked, Iterable) and not isinstance(asked, str):
        return _given(tuple(asked))
    wanted = _wanted(asked)
    found = faces(picture)
    if wanted == ALL or (wanted == AUTO and len(found) == 1):
        return found
    if isinstance(wanted, int) and wanted <= len(found):
        return (found[wanted - 1],)
    if wanted == AUTO:
        what, hint = f"{len(found)} faces were found and none was chosen", "a number, or all"
    else:
        what, hint = f"there is no face {wanted}", f"a number up to {len(found)}, or all"
    raise OptionError(what, f"there are {_listed(found)}", f"choose with --face: {hint}")


def _given(asked: tuple[object, ...]) -> tuple[Face, ...]:
    faces = tuple(each for each in asked if isinstance(each, Face))
    if not faces or len(faces) < len(asked):
        raise OptionError("The faces must be `Face`s, one at least", f"not {asked!r:.60}")
    return faces


def _wanted(asked: object) -> str | int:
    """ "auto", "all", or a number."""
    if asked in (AUTO, ALL):
        return str(asked)
    try:
        number = int(asked) if isinstance(asked, str) else operator.index(asked)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        number = 0
    if number < 1 or isinstance(asked, bool):
        raise OptionError(f"A face is auto, all or a number from 1, not {asked!r:.60}")
    return number


def _listed(found: Sequence[Face]) -> str:
    """Each with its number, place and size."""
    told = [
        f"{number} at ({face.x:.0f}, {face.y:.0f}) of {face.size:.0f} pixels"
        for number, face in enumerate(found[:_LISTED], start=1)
    ]
    more = [f"{len(found) - _LISTED} more"] if len(found) > _LISTED else []
    return ", ".join(told + more)
