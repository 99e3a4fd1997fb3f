"""`overpaint doctor`: what could keep Overpaint from working here."""

from dataclasses import asdict

import typer

from overpaint.cli import flags
from overpaint.cli.terminal import Terminal


def doctor(terminal: Terminal, as_json: flags.Json = False) -> None:
    """Check this installation; exit 1 where something is broken."""
    from overpaint.cli.checks import BROKEN, CHECKS

    found = [check() for check in CHECKS]
    for finding in found:
        if as_json:
            terminal.line(asdict(finding))
    if not as_json:
        terminal.table(
            [(f.state, f.about, f.found + (f": {f.hint}" if f.hint else "")) for f in found]
        )
    if any(finding.state == BROKEN for finding in found):
        raise typer.Exit(1)
