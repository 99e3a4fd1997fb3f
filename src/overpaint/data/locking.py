"""A folder in which one process works at a time; a killed one leaves it open to the next."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows: there nobody is kept out
    fcntl = None  # type: ignore[assignment]

from overpaint.core.solvers import last
from overpaint.core.watch import Watch, unwatched

PAUSE = 0.2  # seconds between two tries


@contextmanager
def sole(folder: Path, watch: Watch = unwatched) -> Iterator[bool]:
    """Work in `folder`, made where it is missing, once all others have left it.

    Yields whether there was somebody to wait for. The lock is the folder's own, so nothing is left
    behind by it, and who works in the folder may delete it.
    """
    waited, handle = False, _locked(folder)
    if handle is None:
        waited, tries = True, _tries(folder)
        handle = last(watch(tries, None, "waiting for another process at the same work"))
    try:
        yield waited
    finally:
        if handle is not None:
            os.close(handle)


def _tries(folder: Path) -> Iterator[int | None]:
    """One try after another, until the folder is ours."""
    handle = None
    while handle is None:
        time.sleep(PAUSE)
        handle = _locked(folder)
        yield handle


def _locked(folder: Path) -> int | None:
    """A handle that holds the folder until it is closed; None while another process has it."""
    folder.mkdir(parents=True, exist_ok=True)
    if fcntl is None:
        return os.open(os.devnull, os.O_RDONLY)
    try:
        handle = os.open(folder, os.O_RDONLY)
    except FileNotFoundError:  # deleted by who had it
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        return None
    except OSError:  # a file system without locks: there nobody is kept out either
        return handle
    if folder.exists() and os.path.samestat(os.fstat(handle), folder.stat()):
        return handle
    os.close(handle)
    return None
