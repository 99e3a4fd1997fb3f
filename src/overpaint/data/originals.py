"""The file that a record speaks of, found again by its name and known by its hash."""

import hashlib
from pathlib import Path

from overpaint.data.sources import read_bytes, shown
from overpaint.errors import ImageReadError


def find_original(name: str, sha256: str, output: Path | None = None) -> Path:
    """The file called `name` with this hash: below here, or below the output's folders.

    Raises:
        ImageReadError: it is not there, or is no longer what it was.
    """
    hint = "name the picture yourself"
    if not name:
        why = "the edit read it from a pipe or from memory"
        raise ImageReadError("the edited picture's file is not known", why, hint)
    changed = None
    for folder in _folders(output):
        found = folder / name
        if not found.is_file():
            continue
        if hashlib.sha256(read_bytes(found)).hexdigest() == sha256:
            return found
        changed = found
    if changed is not None:
        why = "its content is no longer that of the edit"
        raise ImageReadError(f"{shown(changed)} has changed", why, hint)
    raise ImageReadError(f"cannot find {shown(name)}", "it is not near the output, or here", hint)


def _folders(output: Path | None) -> list[Path]:
    """Here, the output's folder and the three above it."""
    if output is None:
        return [Path()]
    folder = output.resolve().parent
    return [Path(), folder, *list(folder.parents)[:3]]
