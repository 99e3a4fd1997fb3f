"""The program `overpaint`: its verbs, its global flags, and how it ends."""

import os
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated

import typer

from overpaint.cli import (
    bench,
    compositing,
    convert,
    doctor,
    dream,
    edit,
    faces,
    invert,
    methods,
    models,
    pie,
    portraits,
    replay,
    report,
    score,
    strokes,
    sweep,
    tradeoff,
    train,
    tune,
)
from overpaint.cli import explain as explain_words
from overpaint.cli.failures import exit_code, explain, traced
from overpaint.cli.terminal import Terminal, spoken


def _version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        print(f"overpaint {version('overpaint')}")
        raise typer.Exit


app = typer.Typer(
    help="Edit real pictures by text with diffusion models, on this machine alone.",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def _globally(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Global flags; the verbs do the rest."""


worlds = typer.Typer(help="The procedural world of portraits, with ground truth.")
worlds.command()(spoken(portraits.render))
drawing = typer.Typer(
    help="What an edit makes real: strokes, drawn or of a picture, and pasted patches."
)
drawing.command()(spoken(strokes.simulate))
drawing.command()(spoken(strokes.lay))
drawing.command()(spoken(compositing.paste))
drawing.command()(spoken(compositing.mask))
measuring = typer.Typer(help="How well every method does what it is asked for.")
measuring.command()(spoken(bench.portraits))
measuring.command()(spoken(sweep.sweep))
measuring.command()(spoken(report.report))
measuring.command()(spoken(pie.pie))
measuring.command()(spoken(dream.dream))
VERBS: dict[str, typer.Typer | Callable[..., None]] = {
    "edit": edit.edit,
    "replay": replay.replay,
    "faces": faces.faces,
    "explain": explain_words.explain,
    "invert": invert.invert,
    "methods": methods.methods,
    "models": models.models,
    "strokes": drawing,
    "tradeoff": tradeoff.tradeoff,
    "portraits": worlds,
    "score": score.score,
    "bench": measuring,
    "convert": convert.convert,
    "train": train.train,
    "tune": tune.tune,
    "doctor": doctor.doctor,
}
for name, verb in VERBS.items():
    if isinstance(verb, typer.Typer):
        app.add_typer(verb, name=name)
    else:
        app.command(name)(spoken(verb))


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; no traceback leaves it."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if sys.stderr is None:  # closed; print would turn to stdout
        sys.stderr = os.fdopen(os.open(os.devnull, os.O_WRONLY), "w")
    terminal = Terminal()
    _calm()
    try:
        with _terminated_as_interrupted():
            command = typer.main.get_command(app)
            ended = command.main(
                arguments or ["--help"], "overpaint", obj=terminal, standalone_mode=False
            )
            return ended if isinstance(ended, int) else 0
    except (Exception, KeyboardInterrupt) as error:
        if terminal.verbosity > 1:
            print(traced(error), file=sys.stderr)
        verbs = [word for word in arguments[:1] if word in VERBS]
        print(explain(error, " ".join(["overpaint", *verbs])), file=sys.stderr)
        return exit_code(error)


def _calm() -> None:
    """Libraries keep their notes and bars to themselves, and nothing is reported to anyone."""
    quiet = {"TRANSFORMERS_VERBOSITY": "error", "DIFFUSERS_VERBOSITY": "error"}
    silent = {"HF_HUB_DISABLE_PROGRESS_BARS": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}
    for name, value in (quiet | silent).items():
        os.environ.setdefault(name, value)
    if not sys.warnoptions:
        warnings.simplefilter("ignore")


@contextmanager
def _terminated_as_interrupted() -> Iterator[None]:
    """SIGTERM ends a command as Ctrl-C does: at once, with every file whole."""

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
