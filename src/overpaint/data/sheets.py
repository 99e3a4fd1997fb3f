"""A contact sheet: pictures in rows, each with lines of text under it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageFont

from overpaint.data.decoding import MAX_PIXELS
from overpaint.data.images import read_image

SIDE, GAP = 160, 10  # pixels: of the square that a picture is shown in, and between two
FONT = 14.0
LINE = 18  # pixels from one line of text to the next
PAPER, INK = "white", "#202020"


@dataclass(frozen=True)
class Cell:
    """A picture, of any kind that is read, and the lines under it."""

    image: object
    lines: tuple[str, ...]


def sheet(cells: Sequence[Cell], *, max_pixels: int = MAX_PIXELS) -> Image.Image:
    """The cells from left to right and down, about as many in a row as there are rows."""
    columns = math.ceil(math.sqrt(len(cells)))
    rows = math.ceil(len(cells) / columns)
    width, height = SIDE + GAP, SIDE + GAP + LINE * max(len(cell.lines) for cell in cells)
    page = Image.new("RGB", (columns * width + GAP, rows * height + GAP), PAPER)
    draw, font = ImageDraw.Draw(page), ImageFont.load_default(FONT)
    for number, cell in enumerate(cells):
        left, top = GAP + number % columns * width, GAP + number // columns * height
        shown = _shown(cell.image, max_pixels)
        page.paste(shown, (left + (SIDE - shown.width) // 2, top + SIDE - shown.height))
        for line, text in enumerate(cell.lines):
            where = (left + SIDE / 2, top + SIDE + LINE * (line + 0.5))
            draw.text(where, text, INK, font=font, anchor="mm")
    return page


def _shown(image: object, max_pixels: int) -> Image.Image:
    """A picture in sRGB on white, its longer side `SIDE` pixels."""
    picture = Image.fromarray(read_image(image, max_pixels=max_pixels).on_white())
    scale = SIDE / max(picture.size)
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    return picture.resize(size, Image.Resampling.LANCZOS)
