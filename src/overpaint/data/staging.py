"""Folders that appear whole or not at all, and over nothing unasked."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from overpaint.data.sources import shown
from overpaint.errors import OutputError, OutputExistsError


@contextmanager
def staged(target: Path) -> Iterator[Path]:
    """A new folder to write into, which takes the place of `target` if nothing fails.

    Raises:
        OutputError: the folder cannot be made, or the disk is full.
    """
    goal = target.resolve()
    making, before = (goal.with_name(f".{goal.name}.{os.getpid()}.{end}") for end in ("new", "old"))
    try:
        making.mkdir(parents=True)
        yield making
        if goal.is_dir():
            goal.rename(before)
        try:
            making.rename(goal)
        except OSError:
            if before.is_dir():
                before.rename(goal)
            raise
    except OSError as error:
        why = error.strerror or str(error)
        raise OutputError(f"cannot write {shown(target)}", why, "check the disk") from error
    finally:
        for left in (making, before):
            shutil.rmtree(left, ignore_errors=True)


def names(folder: Path) -> set[str]:
    """What lies in a folder."""
    return {path.name for path in folder.iterdir()}


def check_replaceable(
    folder: Path,
    *,
    what: str,
    there: str,
    ours: Callable[[set[str]], bool],
    held: Callable[[Path], set[str]] = names,
    overwrite: bool,
) -> None:
    """Refuses whatever is at `folder`, but an empty folder, or what may be replaced.

    Args:
        what: cannot be done. there: what stands against it, where it is one of ours.
        ours: whether a folder that holds these names is one.

    Raises:
        OutputExistsError: something is in the way.
    """
    if not os.path.lexists(folder):
        return
    hint = "name a folder that is not there yet"
    if not folder.is_dir():
        raise OutputExistsError(what, "a file is there already", hint)
    found = held(folder)
    if found and not ours(found):
        raise OutputExistsError(what, "the folder holds other files", hint)
    if found and not overwrite:
        raise OutputExistsError(what, there, "choose another name, or give --overwrite")
