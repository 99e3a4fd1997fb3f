"""Where pictures come from and go to: files, folders, pipes."""

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from overpaint.cli.terminal import Terminal
from overpaint.errors import ImageReadError, OptionError

if TYPE_CHECKING:
    from overpaint.editing import Result

PIPE = "-"


def source(name: str) -> str | BinaryIO:
    """The file of that name, or what comes through stdin for `-`."""
    if name != PIPE:
        return name
    if sys.stdin.isatty():
        hint = "give a file name, or pipe a picture in: overpaint edit - < picture.png"
        raise ImageReadError("no picture comes through the pipe", "stdin is a terminal", hint)
    return sys.stdin.buffer


def targets(
    out: str | None, names: list[str], *, piped: bool, as_json: bool, overwrite: bool
) -> list[Path | None]:
    """A path for each picture, None for stdout; whatever stands against it is said before any work.

    Args:
        out: a file, a folder (there already, or ending in a slash), `-`, or nothing.
        names: the default file names, used in folders and where there are several.
        piped: whether the input came through a pipe; then the output goes there by default.
    """
    from overpaint.data.writing import check_target

    out = PIPE if out is None and piped and not as_json else out
    if out == PIPE:
        _check_pipe(len(names), as_json=as_json)
        return [None]
    place = Path(out or ".")
    if out is not None and out.endswith("/"):
        place.mkdir(parents=True, exist_ok=True)
    if place.is_dir():  # names of ours: where one is taken, the next free one will do
        for name in names:
            check_target(place / name, overwrite=True)
        return [place / name for name in names]
    if len(names) == 1:
        paths = [place]
    else:  # out-7.png for the seed that stands last in the default name
        ends = [Path(name).stem.rpartition("-")[2] for name in names]
        paths = [place.with_name(f"{place.stem}-{end}{place.suffix}") for end in ends]
    return [check_target(path, overwrite=overwrite) for path in paths]


def write(
    terminal: Terminal,
    result: "Result",
    paths: list[Path | None],
    *,
    as_json: bool,
    overwrite: bool,
) -> None:
    """Every picture of a result with its own record, and a line about each."""
    from overpaint.data.writing import write_image, write_next, write_stream

    for index, (image, path) in enumerate(zip(result.images, paths, strict=True)):
        record = result.record.only(index)
        if path is None:
            write_stream(image, sys.stdout.buffer, record)
            continue
        if overwrite:
            written = write_image(image, path, record, overwrite=True)
        else:  # a file that came while the edit ran is kept, and so is the edit
            written = write_next(image, path, record)
        if as_json:
            told = {"seed": record.seeds[0], "method": record.method, "model": record.model}
            told |= {"sha256": _sha256(written), "calls": result.calls, "seconds": result.seconds}
            warnings = list(getattr(result, "warnings", ()))
            terminal.line(
                {"path": str(written), **told, "warnings": warnings, "record": asdict(record)}
            )
        else:
            terminal.result(str(written))
    for warning in getattr(result, "warnings", ()):
        terminal.say(f"note:  {warning}")
    what = f"{result.record.method} with {result.record.model}"
    terminal.say(f"{what}: {result.calls} network calls in {result.seconds:.1f} s")


def _sha256(path: Path) -> str:
    import hashlib

    return hashlib.sha256(path.read_bytes()).hexdigest()


def _check_pipe(count: int, *, as_json: bool) -> None:
    if count > 1:
        raise OptionError(f"{count} pictures do not fit a pipe", "it carries one", "give -o FOLDER")
    if as_json:
        why = "--json and -o - both write to stdout"
        raise OptionError("the picture and the record would mix", why, "give -o FILE")
    if sys.stdout.isatty():
        why = "stdout is a terminal"
        raise OptionError("a picture is not text", why, "give -o FILE, or pipe it on")
