"""`overpaint bench portraits`: every method on edits whose truth is known."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from overpaint.cli import flags
from overpaint.cli.progress import watching
from overpaint.cli.terminal import Terminal, given

if TYPE_CHECKING:
    from overpaint.bench.summary import Line, Mean
    from overpaint.bench.ways import Way

SHOWN = ("success", "kept", "psnr", "background_psnr", "clip_direction", "identity", "seconds")


def portraits(
    terminal: Terminal,
    out: Annotated[Path, typer.Option("-o", "--out", help="The folder of rows and pictures.")],
    count: Annotated[int, typer.Option("-n", "--count", min=1, help="How many edits.")] = 200,
    split: Annotated[str, typer.Option("--split", help="validation or test.")] = "test",
    method: Annotated[
        list[str] | None,
        typer.Option("--method", help="A method, or a row that calibrates; else all. Repeatable."),
    ] = None,
    model: flags.Model = "auto",
    option: flags.Options = None,
    size: Annotated[int, typer.Option("--size", min=64, max=1024, help="Side in pixels.")] = 128,
    seed: flags.Seed = 0,
    device: flags.Device = "auto",
    dtype: flags.Dtype = "auto",
    as_json: flags.Json = False,
) -> None:
    """Edit portraits whose perfect edit is known, score what comes of it, and print the table.

    Rows stand in rows.jsonl of the folder. A run that was stopped goes on; one that is done prints
    its table again.
    """
    from overpaint.bench.making import Setting
    from overpaint.bench.portraits import Portrait
    from overpaint.bench.running import run
    from overpaint.portraits.tasks import edits

    chosen = _ways(method, model, given(option))
    setting = Setting(out, seed, {"size": size}, device, dtype)
    tasks = [Portrait(edit, size) for edit in edits(split, count)]
    rows = []
    for row in run(tasks, chosen, setting, watch=watching(terminal)):
        rows.append(row)
        if as_json:
            terminal.line(row)
    if not as_json:
        terminal.table(_table(rows))


def _ways(method: list[str] | None, model: str, options: dict[str, str]) -> "list[Way]":
    """Those asked for, or all that suit an embedded model; options and a model are for one."""
    from overpaint.bench.ways import CALIBRATION, Way, ways
    from overpaint.errors import OptionError
    from overpaint.methods.registry import find, parse_options

    named = method or []
    if (options or model != "auto") and len(named) != 1:
        raise OptionError("--model and -O are for one method", hint="Name it with --method.")
    if options or model != "auto":
        parse_options(find(named[0]), options)
        return [Way(named[0], model, options)]
    for each in named:
        if each not in CALIBRATION:
            find(each)
    return [way for way in ways() if not named or way.method in named]


def _table(rows: list[dict[str, Any]]) -> list[tuple[str, ...]]:
    """The titles, and a line for each way."""
    from overpaint.bench.columns import COLUMNS
    from overpaint.bench.summary import lines

    named = (f"{name.replace('_', ' ').upper()} {COLUMNS[name].unit}".rstrip() for name in SHOWN)
    return [("WAY", "EDITS", *named), *(_told(line) for line in lines(rows))]


def _told(line: "Line") -> tuple[str, ...]:
    from overpaint.bench.columns import COLUMNS

    but = {"failed": line.failed, "left out": line.left_out}
    less = ", ".join(f"{count} {what}" for what, count in but.items() if count)
    edits = f"{line.edits} ({less})" if less else f"{line.edits}"
    numbers = (_number(line.scores[name], COLUMNS[name].scale) for name in SHOWN)
    return (line.way, edits, *numbers)


def _number(mean: "Mean", scale: float) -> str:
    """A mean with its interval."""
    if not mean.count:
        return "-"
    low, middle, high = (scale * each for each in (mean.low, mean.mean, mean.high))
    return f"{middle:.3g} ({low:.3g}..{high:.3g})"
