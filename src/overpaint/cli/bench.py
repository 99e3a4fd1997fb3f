"""`overpaint bench portraits`: every method on edits whose truth is known."""

from pathlib import Path
from typing import Annotated

import typer

from overpaint.cli import flags
from overpaint.cli.measuring import Methods, Workers, spread, told, ways_of
from overpaint.cli.progress import watching
from overpaint.cli.terminal import Terminal, given

SHOWN = ("success", "kept", "psnr", "background_psnr", "clip_direction", "identity", "seconds")


def portraits(
    terminal: Terminal,
    out: Annotated[Path, typer.Option("-o", "--out", help="The folder of rows and pictures.")],
    count: Annotated[int, typer.Option("-n", "--count", min=1, help="How many edits.")] = 200,
    split: Annotated[str, typer.Option("--split", help="validation or test.")] = "test",
    method: Methods = None,
    model: flags.Model = "auto",
    option: flags.Options = None,
    size: Annotated[int, typer.Option("--size", min=64, max=1024, help="Side in pixels.")] = 128,
    seed: flags.Seed = 0,
    workers: Workers = "here",
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
    from overpaint.portraits.changes import CHANGES
    from overpaint.portraits.tasks import edits

    chosen = ways_of(method, model, given(option))
    setting = Setting(out, seed, {"size": size}, device, dtype)
    tasks, others = (
        [Portrait(edit, size) for edit in edits(split, each)] for each in (count, len(CHANGES))
    )
    watch, how = watching(terminal), spread(workers)
    rows = run(tasks, chosen, setting, others=others, watch=watch, spread=how)
    told(rows, terminal, as_json=as_json, shown=dict.fromkeys(SHOWN, 1.0))
