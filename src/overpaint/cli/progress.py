"""Progress bars on stderr, in the shape of `core.watch.Watch`."""

import time
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, TypeVar

from overpaint.cli.terminal import Terminal

if TYPE_CHECKING:
    from overpaint.core.watch import Watch

T = TypeVar("T")
SECONDS_BETWEEN_LINES = 10.0
SHOWN = ("loss", "direction", "likeness")  # of a training step's figures


def watching(terminal: Terminal) -> "Watch":
    """Bars on a terminal; a line now and then under -v without one; else nothing."""
    if terminal.watched:
        return _bars
    return _Lines(terminal) if terminal.verbosity > 0 else _nothing


def _nothing(items: Iterable[T], total: int | None, label: str, /) -> Iterator[T]:
    return iter(items)


def _bars(items: Iterable[T], total: int | None, label: str, /) -> Iterator[T]:
    """One bar; it goes away when it is done."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(label, total=total)
        for done, item in enumerate(items):
            progress.update(task, completed=_count(item, done), description=label + _figure(item))
            yield item


class _Lines:
    """For logs: at most one line in ten seconds for each thing that goes on."""

    def __init__(self, terminal: Terminal) -> None:
        self.terminal = terminal

    def __call__(self, items: Iterable[T], total: int | None, label: str, /) -> Iterator[T]:
        last = time.monotonic()
        for done, item in enumerate(items):
            if (now := time.monotonic()) - last >= SECONDS_BETWEEN_LINES:
                last = now
                of = f"/{total}" if total else ""
                self.terminal.say(f"{label}: {_count(item, done)}{of}{_figure(item)}")
            yield item


def _count(item: object, done: int) -> int:
    """How far it is; a training step knows by itself, also when it was resumed."""
    step = getattr(item, "step", None)
    return step if isinstance(step, int) else done + 1


def _figure(item: object) -> str:
    """The loss of a training step, and the scores that it tells."""
    told = {"loss": getattr(item, "loss", None), **getattr(item, "figures", {})}
    shown = [(name, told[name]) for name in SHOWN if isinstance(told.get(name), float)]
    return "".join(f"  {name} {value:.4f}" for name, value in shown)
