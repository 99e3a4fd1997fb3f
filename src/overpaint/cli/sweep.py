"""`overpaint bench sweep`: options tried on validation edits, each beside the default."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from overpaint.cli import flags
from overpaint.cli.measuring import Workers, interval, spread
from overpaint.cli.progress import watching
from overpaint.cli.terminal import Terminal, given

if TYPE_CHECKING:
    from overpaint.bench.sweeping import Tried


def sweep(
    terminal: Terminal,
    method: Annotated[str, typer.Argument(help="See `overpaint methods`.")],
    option: Annotated[
        list[str],
        typer.Option("-O", "--option", metavar="NAME=A,B,...", help="Values to try. Repeatable."),
    ],
    out: Annotated[Path, typer.Option("-o", "--out", help="The folder of rows and pictures.")],
    count: Annotated[int, typer.Option("-n", "--count", min=1, help="How many edits.")] = 43,
    model: flags.Model = "auto",
    size: Annotated[int, typer.Option("--size", min=64, max=1024, help="Side in pixels.")] = 128,
    seed: flags.Seed = 0,
    workers: Workers = "here",
    device: flags.Device = "auto",
    dtype: flags.Dtype = "auto",
    as_json: flags.Json = False,
) -> None:
    """Try all combinations of values on the same validation edits, and what each gains.

    Better is what gains surely, by the 95 % interval over edits, and is not surely further from
    the true edits.
    """
    from overpaint.bench.making import Setting
    from overpaint.bench.portraits import Portrait
    from overpaint.bench.running import run
    from overpaint.bench.sweeping import combinations, tried
    from overpaint.portraits.tasks import edits

    grid = {name: values.split(",") for name, values in given(option).items()}
    ways = combinations(method, model, grid)
    tasks = [Portrait(edit, size) for edit in edits("validation", count)]
    setting = Setting(out, seed, {"size": size}, device, dtype)
    rows = run(tasks, ways, setting, watch=watching(terminal), spread=spread(workers))
    found = tried(rows, ways[0].name)
    if as_json:
        for one in found:
            terminal.line(_plain(one))
        return
    terminal.table([("WAY", "EDITS", "OVERALL %", "GAIN %", "NEARER dB", ""), *map(_told, found)])


def _told(one: "Tried") -> tuple[str, ...]:
    """The gain on the default; of the default itself none."""
    gains = ("-", "-") if one.default else (interval(one.gain, 100), interval(one.nearer, 1))
    better = "better" if one.better else ""
    return (one.way, str(one.overall.count), interval(one.overall, 100), *gains, better)


def _plain(one: "Tried") -> dict[str, Any]:
    ends = {"gain_low": one.gain.low, "gain_high": one.gain.high}
    means = {"overall": one.overall.mean, "gain": one.gain.mean, "nearer": one.nearer.mean}
    return {"way": one.way, "edits": one.overall.count, **means, **ends, "better": one.better}
