"""The mark of a way: a colour and a shape, the same in tables and plots."""

from overpaint.bench.report.markup import Markup, tag
from overpaint.bench.report.measured import Measured

COLOURS = 9  # of the style sheet
SHAPES = (
    "M-5,0a5,5 0 1,0 10,0a5,5 0 1,0 -10,0Z",
    "M-4.6,-4.6H4.6V4.6H-4.6Z",
    "M0,-5.9L5.6,4.4H-5.6Z",
    "M0,-6.3L6.3,0L0,6.3L-6.3,0Z",
)
"""Around the origin, about alike in area; with nine colours 36 ways differ."""


def colour(number: int | None) -> str:
    """The class that colours a way; without a number, of what calibrates."""
    return "plain" if number is None else f"way{number % COLOURS}"


def mark(number: int | None) -> Markup:
    """Its shape, around the origin of a drawing."""
    return tag("path", d=SHAPES[0 if number is None else number % len(SHAPES)], class_="mark")


def named(
    found: Measured, way: str, *, note: Markup | None = None, below: str | None = None
) -> Markup:
    """A way by its mark, its method with a note, on what and how, and what stands below."""
    method, _, rest = way.partition(" on ")
    drawing = {"viewBox": "-8 -8 16 16", "aria_hidden": "true", "class_": "swatch"}
    number = found.marks[way]
    swatch = tag("svg", tag("g", mark(number), class_=colour(number)), **drawing)
    lines = [tag("small", f" {each}") for each in (rest and f"on {rest}", below) if each]
    return tag("span", swatch, tag("span", tag("b", method), note, *lines), class_="way")
