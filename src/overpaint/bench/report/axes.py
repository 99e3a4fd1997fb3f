"""Axes of a plot: numbers laid over pixels, evenly or by their logarithm."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from overpaint.data.charts import ticks

STEPS = (1, 2, 5)  # of a decade
MANY = 3  # decades and more are told by their powers alone


@dataclass(frozen=True)
class Axis:
    """Values of `marks`, the first and the last its ends, over pixels from `start` to `end`."""

    marks: Sequence[float]
    start: float
    end: float
    log: bool = False

    def at(self, value: float) -> float:
        """The pixel of a value; of one beyond the axis, its end."""
        low, high = self._laid(self.marks[0]), self._laid(self.marks[-1])
        share = (self._laid(value) - low) / (high - low)
        return self.start + min(1.0, max(0.0, share)) * (self.end - self.start)

    def _laid(self, value: float) -> float:
        return math.log(max(value, 1e-9)) if self.log else value


def even(values: Sequence[float], start: float, end: float) -> Axis:
    """Around some numbers."""
    return Axis(ticks(min(values), max(values)), start, end)


def logarithmic(values: Sequence[float], start: float, end: float) -> Axis:
    """Around some positive numbers: 1, 2, 5, 10, ..."""
    least, most = min(values), max(values)
    powers = range(math.floor(math.log10(least)), math.ceil(math.log10(most)) + 2)
    steps = STEPS if len(powers) - 2 < MANY else STEPS[:1]
    marks = [float(f"{step * 10.0**power:.6g}") for power in powers for step in steps]
    low = max((mark for mark in marks if mark <= least), default=marks[0])
    high = min((mark for mark in marks if mark >= most and mark > low), default=marks[-1])
    return Axis([mark for mark in marks if low <= mark <= high], start, end, log=True)
