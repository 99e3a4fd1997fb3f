"""What a person asks of several adapters: which, how much of each, when and where."""

import math
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from overpaint.errors import OptionError
from overpaint.models.control import Adapter

MOST = 10.0  # weight, either way
_FORMS = "a number as 0.6, by time as 300=0.4,0=0.15, or along a line as 500=0..0=1"


@dataclass(frozen=True)
class Curve:
    """A weight that changes along the path, by points (time, weight), latest time first.

    A step holds from its time upwards to the one before, as in the authors' configuration; below
    the last it is 0. A line goes straight from point to point, and on as it is beyond them.
    """

    points: tuple[tuple[float, float], ...]
    line: bool = False

    def __post_init__(self) -> None:
        for t, weight in self.points:
            if not (math.isfinite(t) and t >= 0):
                raise OptionError(f"a time of a weight must be 0 or more, got {t:g}")
            checked(weight)
        if not self.points or any(a[0] <= b[0] for a, b in pairwise(self.points)):
            raise OptionError("the times of a weight must fall", hint=f"write {_FORMS}")

    def __call__(self, t: float) -> float:
        """The weight at time `t`."""
        if not self.line:
            return next((weight for start, weight in self.points if start <= t), 0.0)
        if t >= self.points[0][0]:
            return self.points[0][1]
        for (high, above), (low, below) in pairwise(self.points):
            if t >= low:
                return below + (above - below) * (t - low) / (high - low)
        return self.points[-1][1]

    def __str__(self) -> str:
        return (".." if self.line else ",").join(f"{t!r}={w!r}" for t, w in self.points)


Weight = float | Curve


@dataclass(frozen=True)
class Share:
    """An adapter's part in an edit.

    Args:
        adapter: an embedded one's name, a folder, a text that one was tuned to, or one loaded.
        weight: of its prediction against the untuned model's, in [-10, 10], or a `Curve`.
        mask: a picture of the photo's size, white where it acts; everywhere without one.
    """

    adapter: str | Path | Adapter
    weight: Weight = 1.0
    mask: Any = None

    def times(self) -> list[float]:
        """The times at which its weight is given."""
        return [t for t, _ in self.weight.points] if isinstance(self.weight, Curve) else []


def listed(given: Any) -> tuple[Share, ...]:
    """Shares out of whatever `edit` may be given: one or several, each in any of its forms."""
    several = isinstance(given, list) or (isinstance(given, tuple) and not _is_pair(given))
    shares = tuple(_share(each) for each in (given if several else [given]))
    if not shares:
        raise OptionError("no adapter is given", "the list is empty")
    return shares


def parsed(text: str) -> Share:
    """A share as typed: `NAME`, `NAME:WEIGHT`, `NAME:WEIGHT@MASK`; a folder's name as it is."""
    if os.path.isdir(text):
        return Share(text)
    rest, at, mask = text.rpartition("@") if "@" in text else (text, "", "")
    name, colon, tail = rest.rpartition(":")
    if not colon or re.search(r"[/\\]", tail):
        name, tail = rest, "1"
    if not name or (at and not mask):
        raise OptionError(f"{text!r:.60} is no adapter", "a part of it is empty", _FORM)
    return Share(name, weight_of(tail), mask or None)


_FORM = "write NAME, NAME:WEIGHT or NAME:WEIGHT@MASK.png"


def weight_of(given: Any) -> Weight:
    """A weight from a number, from its text, or from {time: weight}."""
    if isinstance(given, Curve):
        return given
    text = str(given)
    try:
        if isinstance(given, Mapping):
            falling = sorted(((float(t), float(w)) for t, w in given.items()), reverse=True)
            return Curve(tuple(falling))
        if "=" not in text:
            return checked(float(text))
        line = ".." in text
        pairs = [point.split("=") for point in text.split(".." if line else ",")]
        points = tuple((float(t), float(w)) for t, w in pairs)
    except ValueError as error:
        raise OptionError(f"{text!r:.40} is no weight", hint=f"write {_FORMS}") from error
    return Curve(points, line)


def checked(weight: float) -> float:
    """The weight, if it is one."""
    if not -MOST <= weight <= MOST:  # also NaN
        raise OptionError(f"a weight must be a number in [-{MOST:g}, {MOST:g}], got {weight:g}")
    return weight


def _share(given: Any) -> Share:
    if isinstance(given, Share):
        return Share(given.adapter, weight_of(given.weight), given.mask)
    if _is_pair(given):
        return Share(given[0], weight_of(given[1]))
    if isinstance(given, str):
        return parsed(given)
    if isinstance(given, Path | Adapter):
        return Share(given)
    raise OptionError(f"{given!r:.60} is no adapter", "a name, a folder, a Share or a list of them")


def _is_pair(given: Any) -> bool:
    """An adapter with its weight; two names are no pair."""
    if not isinstance(given, tuple) or len(given) != 2 or isinstance(given[1], Path | Adapter):
        return False
    return not isinstance(given[1], str) or "=" in given[1] or _is_number(given[1])


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
