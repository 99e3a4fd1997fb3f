"""Bytes become a file in one step: a temporary file beside it, flushed, then named."""

import contextlib
import errno
import functools
import os
import secrets
import socket
import stat
import zlib
from pathlib import Path

_MARK = ".overpaint-"
_END = ".tmp"
_NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK)


def place(data: bytes, target: Path, *, overwrite: bool = False) -> bool:
    """Whether `data` now stands at `target`, whole; False when another file was there first.

    Raises:
        OSError: as the system gives it; nothing is left behind then.
    """
    folder = target.parent
    _sweep_once(str(folder), os.getpid())
    temporary = folder / _temporary_name()
    try:
        _write_through(data, temporary, mode=_mode(target) if overwrite else None)
        if overwrite:
            os.replace(temporary, target)
        elif not _linked(temporary, target):
            return False
        _flush_folder(folder)
        return True
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()


def sweep(folder: Path) -> int:
    """Removes the temporary files that killed processes of this machine left; how many."""
    removed = 0
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith(_MARK) and entry.name.endswith(_END) and _orphaned(entry.name):
                with contextlib.suppress(OSError):
                    os.unlink(entry.path)
                    removed += 1
    return removed


@functools.lru_cache(maxsize=64)
def _sweep_once(folder: str, process: int) -> int:
    """Once a folder and process: a scan at every write would cost more than the write."""
    return sweep(Path(folder))


def _temporary_name() -> str:
    return f"{_MARK}{_machine()}-{os.getpid()}-{secrets.token_hex(4)}{_END}"


def _machine() -> str:
    """Eight letters for this machine: on a shared folder others' processes count as alive."""
    return f"{zlib.crc32(socket.gethostname().encode()):08x}"


def _orphaned(name: str) -> bool:
    machine, _, rest = name[len(_MARK) : -len(_END)].partition("-")
    process = rest.partition("-")[0]
    # Signal 0 asks whether a process lives; on Windows it would end it.
    if machine != _machine() or not process.isdecimal() or os.name == "nt":
        return False
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):
        return False
    return False


def _mode(target: Path) -> int | None:
    """The permissions of the file to be replaced."""
    try:
        return stat.S_IMODE(target.stat().st_mode)
    except FileNotFoundError:
        return None


def _write_through(data: bytes, temporary: Path, *, mode: int | None) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    with open(os.open(temporary, flags, 0o666), "wb") as file:
        if mode is not None and hasattr(os, "fchmod"):
            os.fchmod(file.fileno(), mode)
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _linked(temporary: Path, target: Path) -> bool:
    """Gives the file its name unless that is taken: one system call, so no race can lose a file."""
    try:
        os.link(temporary, target, follow_symlinks=False)
    except FileExistsError:
        return False
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        return _claimed(temporary, target)
    return True


def _claimed(temporary: Path, target: Path) -> bool:
    """For file systems without links: the name is claimed by an empty file, then replaced."""
    try:
        os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))
    except FileExistsError:
        return False
    os.replace(temporary, target)
    return True


def _flush_folder(folder: Path) -> None:
    """Makes the new name itself survive a power cut, where the system can."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
