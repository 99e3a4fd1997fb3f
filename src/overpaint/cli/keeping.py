"""No output replaces an input, nor another output."""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from overpaint.cli.inputs import PIPE
from overpaint.errors import OptionError

Name = str | Path | None  # None and - are no file


def check(outputs: Sequence[Path | None], inputs: Iterable[Name], *, overwrite: bool) -> None:
    """Refuses a command whose outputs would replace what it reads, or one another.

    overwrite: where files may be replaced; else those that are there stay anyway.
    """
    seen = set[object]()
    for path in filter(None, outputs):
        if (identity := _identity(path)) in seen:
            why = "two outputs would have this name"
            raise OptionError(f"{path} would be written twice", why, "give each another name")
        seen.add(identity)
    for name in inputs if overwrite else ():
        if name is not None and name != PIPE and os.path.exists(name) and _identity(name) in seen:
            why = "without it this cannot be done again"
            raise OptionError(f"{name} is an input of this command", why, "choose another output")


def _identity(path: str | Path) -> object:
    """What all names of one file have in common."""
    try:
        found = os.stat(path)
    except OSError:
        return os.path.realpath(path)
    return found.st_dev, found.st_ino
