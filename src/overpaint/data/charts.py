"""Curves drawn as a picture: panels side by side, with axes that can be read."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageFont

WIDTH, HEIGHT = 480, 360  # of a panel, in pixels
LEFT, RIGHT, TOP, BOTTOM = 86, 24, 44, 58  # margins around its axes
TICKS = 5  # on an axis, at least two and about so many
INK, GRID, LINE, MARK = "#222222", "#dddddd", "#1f5fa8", "#b3422b"


@dataclass(frozen=True)
class Panel:
    """A curve; values that are not finite are left out."""

    title: str
    across: str  # what the x axis is
    x: Sequence[float]
    y: Sequence[float]
    mark: float | None = None  # an x to point at


@dataclass(frozen=True)
class Axis:
    """Values from `low` to `high` laid over pixels from `start` to `end`."""

    low: float
    high: float
    start: int
    end: int

    def at(self, value: float) -> float:
        """The pixel of a value."""
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)


def chart(panels: Sequence[Panel]) -> Image.Image:
    """The panels in a row, on white."""
    image = Image.new("RGB", (WIDTH * len(panels), HEIGHT), "white")
    for number, panel in enumerate(panels):
        _draw(ImageDraw.Draw(image), panel, WIDTH * number)
    return image


def ticks(low: float, high: float) -> list[float]:
    """Round numbers of even spacing that enclose [low, high]: 1, 2 or 5 times a power of ten."""
    if high <= low:
        low, high = low - (abs(low) or 1) / 2, high + (abs(high) or 1) / 2
    rough = (high - low) / TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    step = power * next(k for k in (1, 2, 5, 10) if k * power >= rough * (1 - 1e-9))
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [float(f"{k * step:.12g}") for k in range(first, last + 1)]


def _draw(draw: ImageDraw.ImageDraw, panel: Panel, left: int) -> None:
    points = [p for p in zip(panel.x, panel.y, strict=True) if all(map(math.isfinite, p))]
    small, large = ImageFont.load_default(15), ImageFont.load_default(18)
    draw.text((left + WIDTH / 2, 22), panel.title, INK, large, anchor="mm")
    draw.text((left + WIDTH / 2, HEIGHT - 16), panel.across, INK, small, anchor="mm")
    columns = list(zip(*points, strict=True)) or [(0.0, 1.0), (0.0, 1.0)]
    xs, ys = (ticks(min(values), max(values)) for values in columns)
    across = Axis(xs[0], xs[-1], left + LEFT, left + WIDTH - RIGHT)
    up = Axis(ys[0], ys[-1], HEIGHT - BOTTOM, TOP)
    for value in xs:
        draw.line([(across.at(value), up.start), (across.at(value), up.end)], GRID)
        draw.text((across.at(value), up.start + 8), f"{value:g}", INK, small, anchor="mt")
    for value in ys:
        draw.line([(across.start, up.at(value)), (across.end, up.at(value))], GRID)
        draw.text((across.start - 8, up.at(value)), f"{value:g}", INK, small, anchor="rm")
    draw.line([(across.start, up.end), (across.start, up.start), (across.end, up.start)], INK)
    if panel.mark is not None:
        place = across.at(panel.mark)
        for dash in range(up.end, up.start, 10):
            draw.line([(place, dash), (place, dash + 5)], MARK, 2)
    dots = [(across.at(x), up.at(y)) for x, y in points]
    draw.line(dots, LINE, 3)
    for x, y in dots:
        draw.ellipse((x - 4, y - 4, x + 4, y + 4), LINE)
