"""What a command says: results to stdout, everything else to stderr."""

import inspect
import json
import math
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from overpaint.errors import OptionError


@dataclass
class Terminal:
    """Lives for one command. verbosity: -1 quiet, 0 as the surroundings ask, 1 told, 2 traced."""

    verbosity: int = 0

    @property
    def watched(self) -> bool:
        """Whether somebody sees stderr and has not asked for silence."""
        return sys.stderr.isatty() and self.verbosity >= 0

    def say(self, text: str) -> None:
        """A note on stderr: on a terminal, or anywhere under -v; never in a quiet pipe."""
        if self.watched or self.verbosity > 0:
            print(text, file=sys.stderr, flush=True)

    def result(self, text: str) -> None:
        """A result for a person, or for a shell script, on stdout."""
        print(text, flush=True)

    def line(self, found: dict[str, Any]) -> None:
        """A result for a program: one JSON object on one line of stdout."""
        plain = {name: _finite(value) for name, value in found.items()}
        print(json.dumps(plain, default=str, allow_nan=False), flush=True)

    def table(self, rows: Sequence[tuple[str, ...]]) -> None:
        """Rows of text in columns."""
        if not rows:
            return
        widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]) - 1)]
        for row in rows:
            cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
            self.result("  ".join([*cells, row[-1]]).rstrip())


def _finite(value: Any) -> Any:
    """JSON has no infinity: null stands for it (the PSNR of equal pictures)."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


Verbose = Annotated[
    int, typer.Option("-v", "--verbose", count=True, help="Tell what is done; -vv: tracebacks too.")
]
Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="Nothing but results and errors.")]


def spoken(verb: Callable[..., None]) -> Callable[..., None]:
    """A verb whose first argument is a Terminal, as a command with -v and -q."""

    def command(context: typer.Context, verbose: int, quiet: bool, **rest: Any) -> None:
        terminal = context.find_root().obj
        terminal.verbosity = -1 if quiet else verbose
        try:
            verb(terminal, **rest)
        except KeyboardInterrupt as error:
            raise typer.Abort from error
        except BrokenPipeError as error:  # the reader has what it wanted
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit from error

    kind = inspect.Parameter.KEYWORD_ONLY
    added = [
        inspect.Parameter("verbose", kind, default=0, annotation=Verbose),
        inspect.Parameter("quiet", kind, default=False, annotation=Quiet),
    ]
    own = list(inspect.signature(verb).parameters.values())[1:]
    seen = [inspect.Parameter("context", kind, annotation=typer.Context)]
    seen += [p.replace(kind=kind) for p in own] + added
    command.__signature__ = inspect.Signature(seen)  # type: ignore[attr-defined]
    command.__annotations__ = {p.name: p.annotation for p in seen}
    command.__name__, command.__doc__ = verb.__name__, verb.__doc__
    return command


def given(pairs: list[str] | None, by: str = "-O", /, **flags: object) -> dict[str, Any]:
    """Options as data, from `name=value` texts given `by` a flag, and from flags that were used."""
    found: dict[str, Any] = {name: value for name, value in flags.items() if value is not None}
    for pair in pairs or []:
        name, equals, value = pair.partition("=")
        name = name.strip().replace("-", "_")
        if not (name and equals):
            why, hint = "it has no name or no value", _FORM.format(by)
            raise OptionError(f"{by} {pair!r} is not usable", why, hint)
        if name in found:
            why, hint = f"as {found[name]} and {value}", _FORM.format(by)
            raise OptionError(f"{name} is given twice", why, hint)
        found[name] = value.strip()
    return found


_FORM = "write each option once, as {} name=value"
