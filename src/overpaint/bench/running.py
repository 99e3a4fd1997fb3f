"""Edits made, scored and kept, one after another; a run goes on where it was stopped."""

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from overpaint.bench import parquet, rows
from overpaint.bench.making import Job, Setting, made
from overpaint.bench.task import Task
from overpaint.bench.ways import Way
from overpaint.core.watch import Watch, unwatched
from overpaint.data.locking import sole
from overpaint.errors import OptionError

Spread = Callable[[Sequence[Job]], Iterable[dict[str, Any]]]
"""How jobs are done: gives their rows as they are ready, in any order."""


def one_by_one(jobs: Sequence[Job]) -> Iterator[dict[str, Any]]:
    """Here, in their order."""
    return map(made, jobs)


def run(
    tasks: Sequence[Task],
    ways: Iterable[Way],
    setting: Setting,
    *,
    others: Sequence[Task] = (),
    watch: Watch = unwatched,
    spread: Spread = one_by_one,
) -> Iterator[dict[str, Any]]:
    """Makes and scores each edit in each way; yields the rows, those of before first.

    A picture stands at `folder/EDIT/WAY.png` with its record, beside its source, truth and region.
    The rows are added to rows.jsonl; in the end all are written to rows.parquet too.
    An edit that fails is a row with its error, which counts as no success; when the run is started
    again, that edit is tried again.

    others: what other pictures are drawn from, whatever edits are asked for; else from these.

    Raises:
        OptionError: the folder holds edits of another setting, or is none.
    """
    if setting.folder.exists() and not setting.folder.is_dir():
        raise OptionError(f"{setting.folder} is a file", hint="Give a folder.")
    setting.folder.mkdir(parents=True, exist_ok=True)
    with sole(setting.folder, watch):
        each = {way.name: way for way in ways}.values()
        asked = [(way, task) for way in each for task in tasks]
        done = [row for row in _kept(setting) if "error" not in row and "left_out" not in row]
        kept = {(row["way"], row["edit"]): row for row in done}
        known = [kept.get((way.name, task.name)) for way, task in asked]
        yield from (row for row in known if row)
        todo = [
            Job(way, task, _other(task, others or tasks), setting)
            for (way, task), row in zip(asked, known, strict=True)
            if row is None
        ]
        for row in watch(spread(todo), len(todo), "editing"):
            rows.add(setting.folder, row)
            yield row
        if parquet.available():
            parquet.write(setting.folder)


def _other(task: Task, tasks: Sequence[Task]) -> Task:
    """Any other of them, always the same."""
    others = [each for each in tasks if each.name != task.name] or [task]
    return random.Random(task.name).choice(others)


def _kept(setting: Setting) -> list[dict[str, Any]]:
    """The rows of before, if they are of the same setting."""
    found, wanted = rows.read(setting.folder), setting.shared
    for row in found:
        if any(row.get(name) != value for name, value in wanted.items()):
            told = ", ".join(f"{name} {row.get(name)}" for name in wanted)
            hint = f"Give another folder, or the same {' and '.join(wanted)}."
            raise OptionError(f"{setting.folder} holds edits of {told}", hint=hint)
    return found
