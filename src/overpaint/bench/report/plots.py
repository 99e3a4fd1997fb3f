"""Two scores against each other, drawn as SVG in the page."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from overpaint.bench.columns import Column
from overpaint.bench.report import axes, words
from overpaint.bench.report.axes import Axis
from overpaint.bench.report.frame import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, frame
from overpaint.bench.report.labels import Box, away, laid
from overpaint.bench.report.marks import colour, mark
from overpaint.bench.report.markup import Markup, tag
from overpaint.bench.report.measured import Measured
from overpaint.bench.summary import Line, Mean
from overpaint.bench.ways import NOTHING, OTHER

FAR = 16.0  # pixels: a label further away is tied to its point
LONGEST = 48  # letters of a label
THIN = 1.5  # half the width of what a bar of an interval takes


@dataclass(frozen=True)
class Score:
    """A column, and how it is told."""

    name: str
    column: Column
    decimals: int

    def ends(self, line: Line) -> list[float]:
        """The mean and the ends of its interval."""
        mean = line.scores[self.name]
        return [self.column.scale * each for each in (mean.mean, mean.low, mean.high)]

    def told(self, mean: Mean) -> str:
        """With name and unit."""
        text = words.told(mean, self.column.scale, self.decimals)
        return f"{words.with_unit(self.name, self.column)}: {text}"


@dataclass(frozen=True)
class Point:
    """A way in the plane: its mean and the ends of its intervals, in pixels."""

    line: Line
    text: str
    number: int | None
    x: Sequence[float]
    y: Sequence[float]


def plot(found: Measured, across: str, up: str, *, log: bool = False) -> Markup | None:
    """One score against another, with intervals both ways; None if no way has both.

    What calibrates is shown where it lies among the ways. log: of the scores across, which are
    positive; "no edit" has none and is drawn as a level.
    """
    x, y = (Score(name, found.columns[name], found.decimals[name]) for name in (across, up))
    lines = [line for line in found.ways if _has(line, x, y)]
    if not lines:
        return None
    whole = [line for line in found.calibration if line.way != OTHER and line.scores[up].count]
    wide = _axis(x, [*lines, *whole], LEFT, WIDTH - RIGHT, log=log)
    high = _axis(
        y, [*lines, *(e for e in whole if not log or e.way == NOTHING)], HEIGHT - BOTTOM, TOP
    )
    lines += [line for line in found.calibration if _has(line, x, y) and _lies(line, y, high)]
    names = short([line.way for line in lines])
    points = [
        Point(
            line,
            text,
            found.marks.get(line.way),
            *(
                [axis.at(each) for each in score.ends(line)]
                for score, axis in ((x, wide), (y, high))
            ),
        )
        for line, text in zip(lines, names, strict=True)
    ]
    levels = [_level(line, y, high) for line in whole if log and line.way == NOTHING]
    told = f"{words.title(across)} against {words.title(up)}"
    drawn = [*frame((x.name, x.column, wide), (y.name, y.column, high)), *levels]
    drawn += [*map(_bars, points), *_labels(points), *(_dot(point, x, y) for point in points)]
    return tag("svg", *drawn, viewBox=f"0 0 {WIDTH} {HEIGHT}", role="img", aria_label=told)


def short(ways: Sequence[str]) -> list[str]:
    """Ways without the model where that says nothing: their method is measured on one alone."""
    parted = [way.partition(" on ") for way in ways]
    models: dict[str, set[str]] = {}
    for method, _, rest in parted:
        models.setdefault(method, set()).add(rest.partition(" ")[0])
    told = []
    for way, (method, _, rest) in zip(ways, parted, strict=True):
        options = rest.partition(" ")[2]
        told.append(f"{method} {options}".strip() if len(models[method]) == 1 else way)
    return [words.brief(each, LONGEST) for each in told]


def _has(line: Line, *scores: Score) -> bool:
    return all(line.scores[score.name].count for score in scores)


def _lies(line: Line, score: Score, axis: Axis) -> bool:
    return axis.marks[0] <= score.ends(line)[0] <= axis.marks[-1]


def _axis(
    score: Score, lines: Sequence[Line], start: float, end: float, *, log: bool = False
) -> Axis:
    values = [each for line in lines if _has(line, score) for each in score.ends(line)]
    if log:
        positive = [each for each in values if each > 0] or [1.0]
        return axes.logarithmic(positive, start, end)
    return axes.even(values, start, end)


def _bars(point: Point) -> Markup:
    (x, left, right), (y, bottom, top) = point.x, point.y
    d = f"M{left:.1f},{y:.1f}H{right:.1f}M{x:.1f},{bottom:.1f}V{top:.1f}"
    return tag("path", d=d, class_=f"bar {colour(point.number)}")


def _dot(point: Point, *scores: Score) -> Markup:
    """The mark, which tells its numbers where one points at it."""
    line = point.line
    told = [line.way, *(score.told(line.scores[score.name]) for score in scores)]
    told += [f"{line.edits - line.failed} edits"]
    place = f"translate({point.x[0]:.1f} {point.y[0]:.1f})"
    title = tag("title", "\n".join(told))
    return tag(
        "g", title, mark(point.number), class_=f"dot {colour(point.number)}", transform=place
    )


def _labels(points: Sequence[Point]) -> list[Markup]:
    """Names by their points, with a line to those that found no room near."""
    room = LEFT + 2.0, float(TOP), WIDTH - RIGHT + 10.0, HEIGHT - BOTTOM - 2.0
    at = [(point.x[0], point.y[0]) for point in points]
    bars = [box for point in points for box in _thin(point)]
    found = []
    boxes = laid(at, [point.text for point in points], room, bars)
    for point, (x, y), (left, top, right, bottom) in zip(points, at, boxes, strict=True):
        middle = (top + bottom) / 2
        if away(np.array([(left, top, right, bottom)]), (x, y))[0] > FAR:
            edge = bottom if bottom < y else top if top > y else middle
            d = f"M{x:.1f},{y:.1f}L{min(max(x, left), right):.1f},{edge:.1f}"
            found.append(tag("path", d=d, class_=f"tie {colour(point.number)}"))
        place = {"x": f"{left:.1f}", "y": f"{middle:.1f}", "dy": "0.35em"}
        found.append(tag("text", point.text, **place, class_=f"name {colour(point.number)}"))
    return found


def _thin(point: Point) -> list[Box]:
    """What its bars cover."""
    (x, left, right), (y, bottom, top) = point.x, point.y
    return [(left, y - THIN, right, y + THIN), (x - THIN, top, x + THIN, bottom)]


def _level(line: Line, score: Score, axis: Axis) -> Markup:
    """A dashed line where the pictures that were not edited stand."""
    y = axis.at(score.ends(line)[0])
    title = tag("title", f"{line.way}\n{score.told(line.scores[score.name])}")
    drawn = tag("path", d=f"M{LEFT},{y:.1f}H{WIDTH - RIGHT}", class_="level")
    name = tag("text", line.way, x=WIDTH - RIGHT, y=f"{y - 5:.1f}", text_anchor="end")
    return tag("g", title, drawn, name, class_="plain")
