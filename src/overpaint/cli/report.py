"""`overpaint bench report`: a folder of measured edits as one page."""

from pathlib import Path
from typing import Annotated

import typer

from overpaint.cli import flags
from overpaint.cli.terminal import Terminal

SUFFIX = ".html"


def report(
    terminal: Terminal,
    folder: Annotated[Path, typer.Argument(help="The folder that a benchmark filled.")],
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="The page; report.html of the folder else.")
    ] = None,
    edits: Annotated[int, typer.Option("--edits", min=1, help="How many to show pictures of.")] = 8,
    overwrite: flags.Overwrite = False,
    as_json: flags.Json = False,
) -> None:
    """Write tables, plots and pictures of a benchmark as one page that needs nothing else.

    The page holds its pictures itself: it can be sent, and opened without a network.
    """
    from overpaint.bench.report.measured import check
    from overpaint.data.writing import check_data_target, write_data

    check(folder)
    target = check_data_target(out or folder / f"report{SUFFIX}", SUFFIX, overwrite=overwrite)

    from overpaint.bench.report.page import report as made

    page = made(folder, edits=edits)
    written = write_data(page.data, target, SUFFIX, overwrite=overwrite)
    if not as_json:
        terminal.result(str(written))
        return
    counts = {"rows": page.rows, "edits": page.edits, "ways": page.ways, "shown": page.shown}
    terminal.line({"path": str(written), **counts, "bytes": len(page.data)})
