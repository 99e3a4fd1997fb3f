"""What the verbs of `overpaint bench` share: which ways are asked for, and the table."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from overpaint.cli.terminal import Terminal

if TYPE_CHECKING:
    from overpaint.bench.running import Spread
    from overpaint.bench.summary import Line, Mean
    from overpaint.bench.ways import Way

Methods = Annotated[
    list[str] | None,
    typer.Option("--method", help="A method, or a row that calibrates; else all. Repeatable."),
]

Workers = Annotated[
    str, typer.Option("--workers", help="here: one edit after another. ray: on a Ray cluster.")
]


def spread(workers: str) -> "Spread":
    """How edits are handed out."""
    from overpaint.bench.running import one_by_one
    from overpaint.errors import OptionError

    if workers == "here":
        return one_by_one
    if workers != "ray":
        raise OptionError(f"There are no workers {workers!r:.40}", hint="Use here or ray.")
    from overpaint.bench.clusters import on_ray

    return on_ray


def check_folders(*folders: Path | None) -> None:
    """Refuses what is no folder, before any work."""
    from overpaint.errors import OptionError

    for folder in folders:
        if folder is not None and not folder.is_dir():
            raise OptionError(f"{folder} is no folder", hint="Give a folder of pictures.")


def ways_of(named: list[str] | None, model: str, options: dict[str, str]) -> "list[Way]":
    """Those asked for, or all that suit an embedded model; options are for one of them."""
    from overpaint.bench.ways import CALIBRATION, Way, ways
    from overpaint.errors import OptionError
    from overpaint.methods.registry import find, parse_options

    named = named or []
    for each in named:
        if each not in CALIBRATION:
            find(each)
    if options and len(named) != 1:
        raise OptionError("-O is for one method", hint="Name it with --method.")
    if options:
        parse_options(find(named[0]), options)
    if model != "auto" and not named:
        raise OptionError("--model is for methods that are named", hint="Name them with --method.")
    if options or model != "auto":
        return [Way(n) if n in CALIBRATION else Way(n, model, options) for n in named]
    return [way for way in ways() if not named or way.method in named]


def able(ways: "Iterable[Way]", named: list[str] | None, *, regions: bool) -> "list[Way]":
    """Without those that have nothing to go by in edits of others, unless they are named."""
    from overpaint.bench.ways import TRUTH, masked
    from overpaint.methods.registry import methods

    def goes(method: str) -> bool:
        known = methods().get(method)
        if known is None:
            return method != TRUTH
        return "adapter" not in known.parts and (regions or not masked(known))

    return [way for way in ways if way.method in (named or ()) or goes(way.method)]


def told(
    rows: Iterable[dict[str, Any]],
    terminal: Terminal,
    *,
    as_json: bool,
    shown: Mapping[str, float],
) -> None:
    """Each row as it comes, or a table of them in the end."""
    found = []
    for row in rows:
        found.append(row)
        if as_json:
            terminal.line(row)
    if not as_json:
        terminal.table(table(found, shown))


def table(rows: list[dict[str, Any]], shown: Mapping[str, float]) -> list[tuple[str, ...]]:
    """The titles, and a line for each way; of each column by what its numbers are multiplied."""
    from overpaint.bench.summary import lines

    titles = (_title(name, scale) for name, scale in shown.items())
    return [("WAY", "EDITS", *titles), *(_line(line, shown) for line in lines(rows))]


def _title(name: str, scale: float) -> str:
    from overpaint.bench.columns import COLUMNS

    by = "" if scale == 1 else f"x{scale:g}"
    return " ".join(filter(None, [name.replace("_", " ").upper(), COLUMNS[name].unit, by]))


def _line(line: "Line", shown: Mapping[str, float]) -> tuple[str, ...]:
    from overpaint.bench.columns import COLUMNS

    but = {"failed": line.failed, "left out": line.left_out}
    less = ", ".join(f"{count} {what}" for what, count in but.items() if count)
    edits = f"{line.edits} ({less})" if less else f"{line.edits}"
    scales = {name: scale * COLUMNS[name].scale for name, scale in shown.items()}
    made = line.edits - line.failed
    return (line.way, edits, *(_number(line.scores[n], by, made) for n, by in scales.items()))


def _number(mean: "Mean", scale: float, made: int) -> str:
    """A mean with its interval; of how many, where not all have a number."""
    if not mean.count:
        return "-"
    return interval(mean, scale) + (f" of {mean.count}" if mean.count < made else "")


def interval(mean: "Mean", scale: float) -> str:
    """A mean and between which it surely lies."""
    low, middle, high = (scale * each for each in (mean.low, mean.mean, mean.high))
    return f"{middle:.3g} ({low:.3g}..{high:.3g})"
