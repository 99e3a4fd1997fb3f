"""Pictures of a folder that may be read: its own files, and no way out of it."""

from pathlib import Path, PurePosixPath

import numpy as np

from overpaint.data.images import read_image
from overpaint.errors import ImageReadError

MOST = 16_000_000  # pixels of a picture


class OutsideError(ValueError):
    """A row names what is not in its folder."""


def file(folder: Path, name: str) -> Path:
    """The file of this name below the folder.

    Raises:
        OutsideError: the name is absolute, has "..", or leads out by a link.
    """
    parts = PurePosixPath(name).parts
    if not parts or name.startswith("/") or ".." in parts or any(c in name for c in "\\:\0"):
        raise OutsideError(name)
    try:
        path = (folder / name).resolve()
        leads_out = not path.is_relative_to(folder.resolve())
    except (OSError, RuntimeError, ValueError) as error:  # a name too long, links in a circle
        raise OutsideError(name) from error
    if leads_out:
        raise OutsideError(name)
    return path


def picture(folder: Path, name: str) -> np.ndarray | None:
    """(H, W, 3) uint8 in sRGB, on white; None if there is none of this name that can be read.

    Raises:
        OutsideError: as `file`.
    """
    path = file(folder, name)
    try:
        return read_image(path, max_pixels=MOST).on_white() if path.is_file() else None
    except (ImageReadError, OSError):
        return None
