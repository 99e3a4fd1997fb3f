"""The table of a benchmark: a row for each way, the mean of each score with its interval."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from overpaint.bench.columns import COLUMNS

DRAWS, SURE, SEED = 1000, 0.95, 0  # of the bootstrap


@dataclass(frozen=True)
class Mean:
    """A mean, the ends of its interval, and of how many numbers it is; NaN of none."""

    mean: float
    low: float
    high: float
    count: int


@dataclass(frozen=True)
class Line:
    """One way: how many edits were made, left out and failed, and its scores by name."""

    way: str
    edits: int
    left_out: int
    failed: int
    scores: Mapping[str, Mean]


def lines(rows: Iterable[Mapping[str, Any]]) -> list[Line]:
    """One for each way, in the order in which the ways first come."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        found.setdefault(row["way"], []).append(row)
    return [_line(way, of) for way, of in found.items()]


def mean(values: Sequence[float]) -> Mean:
    """The mean and its bootstrap interval: of the means of as many drawn with return.

    Percentiles of 1000 draws of one fixed seed, so that the same rows give the same table.
    """
    known = np.array([value for value in values if math.isfinite(value)])
    if not len(known):
        return Mean(math.nan, math.nan, math.nan, 0)
    rng = np.random.default_rng(SEED)
    means = known[rng.integers(len(known), size=(DRAWS, len(known)))].mean(1)
    low, high = np.quantile(means, [(1 - SURE) / 2, (1 + SURE) / 2])
    return Mean(float(known.mean()), float(low), float(high), len(known))


def _line(way: str, rows: Sequence[Mapping[str, Any]]) -> Line:
    done = [row for row in rows if "left_out" not in row]
    failed = sum("error" in row for row in done)
    scores = {name: mean(_values(done, name)) for name in COLUMNS}
    return Line(way, len(done), len(rows) - len(done), failed, scores)


def _values(rows: Sequence[Mapping[str, Any]], name: str) -> list[float]:
    """Of the rows that have it; what JSON could not hold is null."""
    return [math.nan if row[name] is None else float(row[name]) for row in rows if name in row]
