"""Names of output files: usable on every system, and free."""

import itertools
import re
from collections.abc import Iterator
from pathlib import Path

from overpaint.data.sources import shown
from overpaint.errors import OptionError

# Windows keeps these for devices, whatever the suffix.
_DEVICES = frozenset(
    ("con", "prn", "aux", "nul", *(f"{d}{n}" for d in ("com", "lpt") for n in range(1, 10)))
)
_MOST_BYTES = 255


def output_name(source: str, method: str, seed: int, suffix: str = ".png") -> str:
    """`{stem}.{method}-{seed}.png`, the stem made safe and short enough."""
    return named_after(source, f"{method}-{seed}", suffix)


def named_after(source: str, what: str, suffix: str = ".png") -> str:
    """`{stem}.{what}.png`, the stem made safe and short enough."""
    stem = re.sub(r'[<>:"/\\|?*\x00-\x1f\x7f]', "_", Path(source).stem).strip(" .")
    stem = stem.encode("utf-8", "replace")[:150].decode("utf-8", "ignore")
    if not stem or stem.split(".")[0].lower() in _DEVICES:
        stem = f"picture{'_' if stem else ''}{stem}"
    return f"{stem}.{what}{suffix}"


def candidates(path: Path) -> Iterator[Path]:
    """The path, then with -1, -2, ... before its suffix."""
    yield path
    for number in itertools.count(1):
        yield path.with_name(f"{path.stem}-{number}{path.suffix}")


def check_name(path: Path) -> None:
    """Refuses names that some system cannot hold, before any work is done."""
    what, name = f"cannot write {shown(str(path))}", path.name
    if "\0" in str(path) or any(ord(c) < 32 for c in name):
        raise OptionError(what, "its name has a control character", "choose another name")
    if name in ("", ".", ".."):
        raise OptionError(what, "it names no file", "add a file name such as out.png")
    if name.split(".")[0].rstrip(" ").lower() in _DEVICES:
        why = f"{name.split('.')[0]} is the name of a device on Windows"
        raise OptionError(what, why, "choose another name")
    if len(name.encode("utf-8", "surrogateescape")) > _MOST_BYTES:
        why = f"its name is longer than {_MOST_BYTES} bytes"
        raise OptionError(what, why, "choose a shorter name")
