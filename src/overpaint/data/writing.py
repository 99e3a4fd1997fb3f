"""The one writer: whole files or none, and never over another without being asked."""

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO

from PIL import Image

from overpaint.data.encoding import encode, format_of
from overpaint.data.names import candidates, check_name
from overpaint.data.placing import place
from overpaint.data.record import Record
from overpaint.data.sources import shown
from overpaint.errors import OptionError, OutputError, OutputExistsError

_ROOM, _RIGHTS = "free some space, or write elsewhere", "write elsewhere, or change its permissions"
_HINTS = {
    errno.ENOSPC: _ROOM,
    errno.EDQUOT: _ROOM,
    errno.EFBIG: _ROOM,
    errno.EACCES: _RIGHTS,
    errno.EPERM: _RIGHTS,
    errno.EROFS: "write into another folder",
    errno.ENOENT: "make the folder first",
    errno.ENOTDIR: "a part of the path is a file, not a folder",
    errno.ENAMETOOLONG: "choose a shorter path",
}


def check_target(path: str | os.PathLike, *, overwrite: bool = False) -> Path:
    """The picture's file that would be written; what stands against it is said before any work."""
    target = Path(os.fsdecode(path))
    check_name(target)
    format_of(target)
    return _free(target, overwrite=overwrite)


def check_data_target(path: str | os.PathLike, suffix: str, *, overwrite: bool = False) -> Path:
    """The same of a file that holds no picture, and whose name has to end in `suffix`."""
    target = Path(os.fsdecode(path))
    check_name(target)
    if target.suffix.lower() != suffix:
        why, hint = f"its name does not end in {suffix}", f"end the name in {suffix}"
        raise OptionError(f"cannot write {shown(target)}", why, hint)
    return _free(target, overwrite=overwrite)


def _free(target: Path, *, overwrite: bool) -> Path:
    what = f"cannot write {shown(target)}"
    try:
        if not target.parent.is_dir():
            raise OutputError(what, "its folder does not exist", _HINTS[errno.ENOENT])
        if target.is_symlink() and overwrite:
            target = target.resolve()
        mode = target.lstat().st_mode
    except FileNotFoundError:
        return target
    except OSError as error:
        raise _failed(target, error) from error
    if not overwrite:
        raise _exists(target)
    if not stat.S_ISREG(mode):
        why = "it is a folder or a device, not a file"
        raise OptionError(what, why, "choose another name")
    return target


def write_image(
    image: Image.Image,
    path: str | os.PathLike,
    record: Record | None = None,
    *,
    overwrite: bool = False,
) -> Path:
    """The picture as a PNG, JPEG or WebP file, by the suffix: complete, or not at all."""
    target = check_target(path, overwrite=overwrite)
    data = encode(image, format_of(target), record)
    if not _placed(data, target, overwrite=overwrite):
        raise _exists(target)
    return target


def write_data(
    data: bytes, path: str | os.PathLike, suffix: str, *, overwrite: bool = False
) -> Path:
    """Bytes that are no picture as a file: complete, or not at all."""
    target = check_data_target(path, suffix, overwrite=overwrite)
    if not _placed(data, target, overwrite=overwrite):
        raise _exists(target)
    return target


def write_next(image: Image.Image, path: str | os.PathLike, record: Record | None = None) -> Path:
    """The picture under the first free name of `path`, `path`-1, `path`-2, ...: the one taken."""
    wanted = Path(os.fsdecode(path))
    check_name(wanted)
    data = encode(image, format_of(wanted), record)
    for target in candidates(wanted):
        if not os.path.lexists(target) and _placed(data, target, overwrite=False):
            return target
    raise AssertionError("there is always a next number")


def write_stream(
    image: Image.Image, stream: BinaryIO, record: Record | None = None, *, format: str = "PNG"
) -> None:
    """The picture's file into an open binary stream, such as standard output."""
    data = encode(image, format, record)
    try:
        stream.write(data)
        stream.flush()
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        hint = "the program that reads it may have ended"
        raise OutputError("cannot write the picture to the pipe", why, hint) from error


def _placed(data: bytes, target: Path, *, overwrite: bool) -> bool:
    try:
        return place(data, target, overwrite=overwrite)
    except OSError as error:
        raise _failed(target, error) from error


def _failed(target: Path, error: OSError) -> OutputError:
    why = error.strerror or str(error)
    hint = _HINTS.get(error.errno or 0, "write into another folder")
    return OutputError(f"cannot write {shown(target)}", why, hint)


def _exists(target: Path) -> OutputExistsError:
    hint = "choose another name, or give --overwrite"
    return OutputExistsError(f"cannot write {shown(target)}", "it exists already", hint)
