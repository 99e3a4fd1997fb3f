"""Where pictures come from: files and pipes."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from overpaint.errors import ImageReadError, OptionError

if TYPE_CHECKING:
    from overpaint.data.images import Picture

PIPE = "-"


def source(name: str, *, taken: bool = False) -> str | BinaryIO:
    """The file of that name, or what comes through stdin for `-`, unless that is taken."""
    if name != PIPE:
        return name
    if taken:
        why = "the image comes through it already"
        raise OptionError("stdin carries one picture", why, "give the other one as a file")
    if sys.stdin is None or sys.stdin.isatty():
        why = "stdin is closed" if sys.stdin is None else "stdin is a terminal"
        hint = "give a file name, or pipe a picture in: overpaint edit - < picture.png"
        raise ImageReadError("no picture comes through the pipe", why, hint)
    return sys.stdin.buffer


def picture(
    name: str, paths: Sequence[Path | None], *, taken: bool = False, **reading: Any
) -> "Picture":
    """The picture called `name`, which every one of `paths` can hold (None: a PNG)."""
    from overpaint.data.encoding import check_fit, format_of
    from overpaint.data.images import read_image

    found = read_image(source(name, taken=taken), **reading)
    transparent = found.alpha is not None and bool(found.alpha.min() < 255)
    for path in paths:
        check_fit(found.size, "PNG" if path is None else format_of(path), transparent=transparent)
    return found
