"""Bytes of a path, of bytes or of an open file; and names that are safe to print."""

import os
from pathlib import Path

from overpaint.errors import ImageReadError

MAX_BYTES = 512 * 1024 * 1024


def shown(path: str | os.PathLike) -> str:
    """A path for a message: control characters and undecodable bytes escaped, at most 120 long."""
    text = os.fsencode(os.fspath(path)).decode("utf-8", "backslashreplace")
    text = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
    return text if len(text) <= 120 else text[:58] + "..." + text[-58:]


def portable_name(path: str | os.PathLike) -> str:
    """What a record may say of a path: relative below here as it is, else the last part alone.

    A name that looks like a drive, an address or a home stands behind `./`, as in `./12:30.png`.
    """
    given = Path(os.fsencode(os.fspath(path)).decode("utf-8", "replace"))
    if given.is_absolute() or ".." in given.parts or not given.parts:
        given = Path(given.resolve().name)
    name = given.as_posix()
    name = name.replace("\\", "_") if ".." in name.replace("\\", "/").split("/") else name
    return f"./{name}" if name.startswith(("~", "\\")) or ":" in name.split("/")[0] else name


def read_bytes(source: object) -> bytes:
    """The bytes of a path, a bytes-like object or a binary file; ImageReadError says why not."""
    if isinstance(source, bytes | bytearray | memoryview):
        return bytes(source)
    if isinstance(source, str | os.PathLike):
        return _file_bytes(source)
    if not hasattr(source, "read"):
        why = f"a path, bytes, a file, a PIL image, an array or a tensor is, not {_kind(source)}"
        raise ImageReadError("this is no picture that can be read", why, "pass one picture")
    try:
        data = source.read(MAX_BYTES + 1)
    except Exception as error:  # any object can stand in for a file
        raise ImageReadError("cannot read the picture", f"reading failed: {error}") from error
    if not isinstance(data, bytes):
        why = "the file was opened as text"
        raise ImageReadError("cannot read the picture", why, "open it with mode 'rb'")
    return _bounded(data, "the picture")


def _file_bytes(path: str | os.PathLike) -> bytes:
    name = shown(path)
    if name.startswith(("http://", "https://", "ftp://")):
        why = "addresses are not fetched"
        raise ImageReadError(f"cannot read {name}", why, "download it and pass the file")
    try:
        if Path(os.fsdecode(path)).is_dir():
            raise ImageReadError(f"cannot read {name}", "it is a folder", "name a picture in it")
        with open(path, "rb") as file:
            return _bounded(file.read(MAX_BYTES + 1), name)
    except FileNotFoundError as error:
        why = "there is no such file"
        raise ImageReadError(f"cannot read {name}", why, "check the path") from error
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        why = getattr(error, "strerror", None) or str(error)
        raise ImageReadError(f"cannot read {name}", why, "check path and permissions") from error
    except MemoryError as error:
        why = "it does not fit into memory"
        raise ImageReadError(f"cannot read {name}", why, "make it smaller") from error


def _bounded(data: bytes, name: str) -> bytes:
    if len(data) > MAX_BYTES:
        why = f"it is larger than {MAX_BYTES >> 20} MiB"
        raise ImageReadError(f"cannot read {name}", why, "make it smaller first")
    return data


def _kind(source: object) -> str:
    return f"a {type(source).__name__}"
