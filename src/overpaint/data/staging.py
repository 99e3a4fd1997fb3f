"""Folders that appear whole or not at all."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from overpaint.data.sources import shown
from overpaint.errors import OutputError


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
