"""Where pictures go to: files, folders, pipes."""

import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from overpaint.cli.inputs import PIPE
from overpaint.cli.terminal import Terminal
from overpaint.errors import OptionError, OutputError

if TYPE_CHECKING:
    from PIL.Image import Image

    from overpaint.data.record import Record
    from overpaint.editing import Result


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
    if place.is_dir():  # names of ours: where one is taken, the next free one will do
        return [check_target(place / name, overwrite=True) for name in names]
    if out is not None and out.endswith("/"):
        _check_new(place)
        return [place / name for name in names]
    if len(names) == 1:
        paths = [place]
    else:  # out-7.png for the seed that stands last in the default name
        ends = [Path(name).stem.rpartition("-")[2] for name in names]
        paths = [place.with_name(f"{place.stem}-{end}{place.suffix}") for end in ends]
    return [check_target(path, overwrite=overwrite) for path in paths]


def write(
    terminal: Terminal,
    results: Iterable["Result"],
    paths: list[Path | None],
    *,
    as_json: bool,
    overwrite: bool,
) -> None:
    """Every picture as soon as it is made, and a line about each."""
    for result, written in each(terminal, results, paths, overwrite=overwrite):
        if as_json and written is not None:
            terminal.line(described(result, written))
        elif written is not None:
            terminal.result(str(written))


def each(
    terminal: Terminal, results: Iterable["Result"], paths: list[Path | None], *, overwrite: bool
) -> Iterator[tuple["Result", Path | None]]:
    """Every result as soon as it is made, and where its picture was written with its record."""
    calls, seconds, told = 0, 0.0, set[str]()
    for result, path in zip(results, paths, strict=False):  # one may stand for all
        yield result, written_to(path, result.images[0], result.record, overwrite=overwrite)
        for note in [each for each in result.warnings if each not in told]:
            terminal.say(f"note:  {note}")
        calls, seconds = calls + result.calls, seconds + result.seconds
        told |= {*result.warnings}
        what = f"{result.record.method} with {result.record.model}"
    terminal.say(f"{what}: {calls} network calls in {seconds:.1f} s")


def written_to(
    path: Path | None, image: "Image", record: "Record | None" = None, *, overwrite: bool
) -> Path | None:
    """The file written, None for stdout; one that came during the work is kept, and so is that."""
    from overpaint.data.writing import write_image, write_next, write_stream

    if path is None:
        write_stream(image, sys.stdout.buffer, record)
        return None
    path.parent.mkdir(parents=True, exist_ok=True)
    if overwrite:
        return write_image(image, path, record, overwrite=True)
    return write_next(image, path, record)


def described(result: "Result", written: Path) -> dict[str, object]:
    """A line of --json; a ranking fills in the rest."""
    import hashlib

    record = result.record
    return {
        "path": str(written),
        "seed": record.seeds[0],
        "method": record.method,
        "model": record.model,
        "sha256": hashlib.sha256(written.read_bytes()).hexdigest(),
        "calls": result.calls,
        "seconds": result.seconds,
        "warnings": list(result.warnings),
        "record": asdict(record),
        **dict.fromkeys(("rank", "score", "context", "crop")),
    }


def _check_new(folder: Path) -> None:
    """Refuses a folder that cannot be made, and leaves the making to the first picture."""
    above = next(each for each in (folder, *folder.absolute().parents) if each.exists())
    if not above.is_dir() or not os.access(above, os.W_OK):
        why = f"{above} is {'not writable' if above.is_dir() else 'no folder'}"
        raise OutputError(f"cannot make the folder {folder}", why, "write into another folder")


def _check_pipe(count: int, *, as_json: bool) -> None:
    if count > 1:
        raise OptionError(f"{count} pictures do not fit a pipe", "it carries one", "give -o FOLDER")
    if as_json:
        why = "--json and -o - both write to stdout"
        raise OptionError("the picture and the record would mix", why, "give -o FILE")
    if sys.stdout is None or sys.stdout.isatty():
        why = "stdout is closed" if sys.stdout is None else "stdout is a terminal"
        raise OptionError("a picture is not text", why, "give -o FILE, or pipe it on")
