"""The candidates of an edit: made in micro-batches, given out one by one, each with its record."""

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, replace
from typing import Any, TypeVar

import numpy as np
import torch
from PIL import Image

from overpaint import parts as loaded
from overpaint import trajectories
from overpaint.core.watch import Watch
from overpaint.data.record import Record
from overpaint.memory import ran_out
from overpaint.methods.registry import Run
from overpaint.models.portions import Portions, fitting
from overpaint.performing import Asked, Made, perform_each
from overpaint.results import Result
from overpaint.seeking import share

T = TypeVar("T")
MOST = 16  # pictures at once, where nobody says how many
AGAIN = "the seed makes no difference in this edit: one picture is enough"


def candidates(
    asked: Asked,
    seeds: tuple[int, ...],
    given: Mapping[str, Any],
    watch: Watch,
    batch: int | None = None,
) -> Iterator[Result]:
    """A result for each seed, as soon as its batch is made; one alone where all would be the same.

    A seed's picture is the same in any batch, to float rounding.
    """
    began, done = time.perf_counter(), 0
    record = asked.record(seeds)  # what cannot be written is refused before parts are tuned
    parts = {} if asked.idle else asked.parts(given, watch)
    record = replace(record, parts=loaded.described(parts))
    notes = tuple(asked.warnings(parts))
    portions = portioned(asked, len(seeds), batch)
    while done < len(seeds):
        size = 1 if done == 0 and asked.unsettled else portions.size or portions.whole
        now = seeds[done : done + size]
        shown = numbered(watch, done + 1, done + len(now), len(seeds))
        run = Run(now, shown, trajectories.cache())
        try:
            made = perform_each(asked, run, parts)
        except Exception as error:
            if ran_out(error) and portions.halve():
                continue
            raise
        done = done + len(now) if made.chance else len(seeds)
        if not made.chance and len(seeds) > 1:
            notes = (*notes, AGAIN)
        asked = asked.settled(made.outcomes[0].chosen)  # what the first one chose holds for all
        record = replace(record, seeds=now, options=asdict(asked.options))
        yield from _results(asked, made, record, notes, time.perf_counter() - began)
        began = time.perf_counter()


def portioned(asked: Asked, count: int, batch: int | None = None) -> Portions:
    """How many of `count` candidates are made at once: as many as asked for, else as fit."""
    if len(asked.faces) > 1 or asked.idle or count == 1:  # the second face stands in the first edit
        return Portions(1)
    if batch is not None:
        return Portions(batch)
    model = asked.model
    x = torch.zeros_like(model.codec.encode(asked.task.image)).requires_grad_()
    level = model.schedule.at(len(model.schedule) // 2)
    return fitting(lambda: model(x, level), min(count, MOST), x.device)


def numbered(watch: Watch, first: int, last: int, count: int) -> Watch:
    """The same, which says beside its label which of `count` candidates are made."""
    which = f"{first}-{last} of {count}" if last > first else f"{first} of {count}"

    def watched(items: Iterable[T], total: int | None, label: str, /) -> Iterator[T]:
        return watch(items, total, f"{label}, {which}")

    return watched if count > 1 else watch


def _results(
    asked: Asked, made: Made, record: Record, notes: tuple[str, ...], seconds: float
) -> Iterator[Result]:
    """A result for each picture of a batch, which took `seconds`, but for the pasting."""
    shared = seconds / len(made)
    for number in range(len(made)):
        began = time.perf_counter()
        image = made.image(number)
        yield Result(
            images=[image],
            record=record.only(number),
            calls=made.calls,
            seconds=shared + time.perf_counter() - began,
            mask=(mask := made.mask(number)),
            contrast=made.contrast(number),
            warnings=(*notes, *made.outcomes[0].notes, *_told(made, mask)),
        )


def _told(made: Made, mask: Image.Image | None) -> tuple[str, ...]:
    """A note on how large the mask is that the method found."""
    if mask is None or not made.found or not np.asarray(mask).any():
        return ()
    return (f"a mask of {share(np.asarray(mask))} of the picture was found",)
