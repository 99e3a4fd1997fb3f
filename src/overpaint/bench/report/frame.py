"""The frame of a plot: its grid, numbers and titles, with an arrow to what is better."""

from overpaint.bench.columns import Column
from overpaint.bench.report import words
from overpaint.bench.report.axes import Axis
from overpaint.bench.report.markup import Markup, tag

WIDTH, HEIGHT = 640, 460  # of a drawing; the page scales it
LEFT, RIGHT, TOP, BOTTOM = 66, 22, 14, 58  # margins around its axes

Scale = tuple[str, Column, Axis]
"""A column's name, the column, and where its numbers lie."""


def frame(across: Scale, up: Scale) -> list[Markup]:
    """Behind the points."""
    x, y = across[2], up[2]
    found = []
    for mark in x.marks:
        at = f"{x.at(mark):.1f}"
        found.append(tag("path", d=f"M{at},{y.end}V{y.start}", class_="grid"))
        found.append(_text(f"{mark:g}", at, y.start + 19, "middle"))
    for mark in y.marks:
        at = f"{y.at(mark):.1f}"
        found.append(tag("path", d=f"M{x.start},{at}H{x.end}", class_="grid"))
        found.append(_text(f"{mark:g}", x.start - 9, at, "end"))
    middle = (x.start + x.end) / 2, (y.start + y.end) / 2
    found.append(_text(_title(*across), middle[0], HEIGHT - 12, "middle", class_="title"))
    turned = f"translate(16 {middle[1]}) rotate(-90)"
    found.append(_text(_title(*up), 0, 0, "middle", class_="title", transform=turned))
    return found


def _title(name: str, column: Column, axis: Axis) -> str:
    """With its unit; numbers grow to the right, or upwards on an axis that is turned."""
    told = words.with_unit(name, column) + (", log scale" if axis.log else "")
    return {"higher": f"{told}  ·  better →", "lower": f"← better  ·  {told}"}.get(
        column.better, told
    )


def _text(text: str, x: float | str, y: float | str, anchor: str, **more: str) -> Markup:
    return tag("text", text, x=x, y=y, dy="0.35em", text_anchor=anchor, **more)
