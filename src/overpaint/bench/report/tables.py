"""Tables of the page: a way a line, all its scores or one score by group."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from overpaint.bench.columns import Column
from overpaint.bench.report import words
from overpaint.bench.report.marks import named
from overpaint.bench.report.markup import Markup, tag
from overpaint.bench.report.measured import Measured
from overpaint.bench.summary import Line, Mean, lines

FEWER = "†"


@dataclass(frozen=True)
class Field:
    """A column of a table, and the mean in it by way."""

    title: str
    column: Column
    decimals: int
    means: Mapping[str, Mean]
    about: str = ""
    note: str = ""

    def value(self, way: str) -> float:
        """As it is told; NaN where there is none."""
        return self.means[way].mean * self.column.scale if way in self.means else math.nan

    @property
    def falls(self) -> bool:
        """Whether the largest stands first."""
        return self.column.better != "lower"

    def best(self, ways: Sequence[str]) -> set[str]:
        """Those that look best."""
        told = {way: round(self.value(way), self.decimals) for way in ways}
        known = [each for each in told.values() if math.isfinite(each)]
        if not known or not self.column.better:
            return set()
        best = max(known) if self.falls else min(known)
        return {way for way, each in told.items() if each == best}


def scores(found: Measured) -> Markup:
    """Every score of every way."""
    fields = [
        Field(
            words.title(name),
            column,
            found.decimals[name],
            {line.way: line.scores[name] for line in found.lines},
            about=words.ABOUT.get(name, ""),
        )
        for name, column in found.columns.items()
    ]
    return _table(found, fields, _counts(found), "scores")


def by_group(found: Measured, score: str) -> Markup:
    """One score of every way in each group of edits."""
    column, decimals = found.columns[score], found.decimals[score]
    whole = {line.way: line.scores[score] for line in found.lines}
    fields = [Field("all", column, decimals, whole, note=f"{len(found.edits)} edits")]
    for group, count in found.groups.items():
        of = lines(_only(row, score) for row in found.rows if row.get("group") == group)
        means = {line.way: line.scores[score] for line in of}
        fields.append(Field(group, column, decimals, means, note=f"{count} edits"))
    return _table(found, fields, [], "groups")


def _only(row: Mapping[str, Any], score: str) -> dict[str, Any]:
    """Of a row what one score's mean is taken of."""
    kept = ("way", "edit", "error", "left_out", score)
    return {name: row[name] for name in kept if name in row}


def _counts(found: Measured) -> list[Field]:
    """How many edits were made and, where there are such, failed and were left out."""
    of = {
        "Made": {line.way: line.edits - line.failed for line in found.lines},
        "Failed": {line.way: line.failed for line in found.lines},
        "Left out": {line.way: line.left_out for line in found.lines},
    }
    return [
        Field(name, Column(better=""), 0, {way: Mean(n, n, n, 1) for way, n in each.items()})
        for name, each in of.items()
        if name == "Made" or any(each.values())
    ]


def _table(found: Measured, fields: Sequence[Field], counts: Sequence[Field], kind: str) -> Markup:
    """The best first by the first field; what calibrates stands above and stays there."""
    first = fields[0] if fields else None
    ranked = sorted(found.ways, key=lambda line: _rank(first, line.way)) if first else found.ways
    full = [line.way for line in found.ways if line.edits == found.full]
    best = [field.best(full) for field in fields]
    heads = [_head(field, counted=True) for field in counts]
    heads += [_head(field, sorts=field is first) for field in fields]

    def row(line: Line) -> Markup:
        numbers = [_count(field, line.way) for field in counts]
        numbers += [
            _cell(field, line.way, best=line.way in top)
            for field, top in zip(fields, best, strict=True)
        ]
        fewer = line.way in found.marks and line.edits < found.full
        return tag("tr", _way(found, line), *numbers, class_="fewer" if fewer else None)

    way = tag("th", _button("Way", falls=False), scope="col", data_kind="text")
    return tag(
        "table",
        tag("thead", tag("tr", way, *heads)),
        tag("tbody", *map(row, found.calibration), class_="fixed") if found.calibration else None,
        tag("tbody", *map(row, ranked)),
        class_=f"sortable {kind}",
    )


def _rank(field: Field, way: str) -> tuple[bool, float]:
    value = field.value(way)
    return (math.isnan(value), -value if field.falls else value)


def _head(field: Field, *, sorts: bool = False, counted: bool = False) -> Markup:
    """A title that can be clicked; what of it is better stands first then."""
    column, note = field.column, tag("small", field.note, class_="note") if field.note else None
    arrow = words.ARROWS.get(column.better)
    better = tag("abbr", arrow, title=f"{column.better} is better") if arrow else None
    unit = tag("span", f"{column.unit} ", better, class_="unit")
    order = ("descending" if field.falls else "ascending") if sorts else None
    return tag(
        "th",
        _button(field.title, None if counted else unit, falls=field.falls),
        note,
        scope="col",
        aria_sort=order,
        title=field.about or None,
        class_="count" if counted else None,
    )


def _button(title: str, unit: Markup | None = None, *, falls: bool) -> Markup:
    order = "descending" if falls else "ascending"
    return tag("button", f"{title} ", unit, type="button", data_first=order)


def _way(found: Measured, line: Line) -> Markup:
    """A line's title."""
    if line.way not in found.marks:
        return tag("th", tag("em", line.way), scope="row", data_value=line.way)
    fewer = tag("sup", FEWER) if line.edits < found.full else None
    return tag("th", named(found, line.way, note=fewer), scope="row", data_value=line.way)


def _count(field: Field, way: str) -> Markup:
    value = int(field.value(way))
    return tag("td", str(value), data_value=value, class_="count")


def _cell(field: Field, way: str, *, best: bool) -> Markup:
    """A mean over its interval; the whole number, as it is told, is what sorts."""
    mean = field.means.get(way)
    if mean is None or not mean.count:
        return tag("td", words.NOTHING, class_="none")
    value, scale = field.value(way), field.column.scale
    return tag(
        "td",
        tag("b" if best else "span", words.number(value, field.decimals)),
        tag("small", f" {words.interval(mean, scale, field.decimals)}"),
        data_value=repr(value),
        class_="best" if best else None,
        title=f"{way}: mean of {mean.count}",
        style=f"--share:{value:.0f}%" if field.column.unit == "%" else None,
    )
