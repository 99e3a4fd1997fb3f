"""Guides of SDEdit made real in several ways: a sheet for its page."""

from collections.abc import Mapping
from typing import Any

from PIL import Image

import overpaint
from benchmarks.pictures import FOLDER
from benchmarks.strokes import pixels
from benchmarks.uses import EXAMPLES, PORTRAIT, scribble
from overpaint.data.compositing import pasted
from overpaint.data.images import read_image
from overpaint.data.sheets import Cell, sheet
from overpaint.data.strokes import simulated
from overpaint.metrics.fidelity import l2
from overpaint.models.zoo import load

STRENGTHS = (0.3, 0.4, 0.5, 0.6, 0.7)
Figures = dict[str, float]


def guides() -> tuple[tuple[str, Image.Image, Mapping[str, Mapping[str, Any]]], ...]:
    """Guides of SDEdit, and how each is made real."""
    portrait = read_image(PORTRAIT)
    strokes = simulated(portrait)
    hat = pasted(read_image(EXAMPLES / "beanie.png"), portrait, (100, 20), width=330)
    across = Image.linear_gradient("L").rotate(90).resize(strokes.size)
    ways: dict[str, Mapping[str, Any]] = {f"strength {s}": {"strength": s} for s in STRENGTHS}
    ways["VE, 0.5"] = {"solver": "ve"}
    ways["0.4, repeated"] = {"strength": 0.4, "repeats": 2}
    ways["0 to 0.7 across"] = {"mask": across, "mask_as": "strength", "strength": 0.7}
    return (
        ("strokes", strokes, ways),
        ("painted on", scribble().image, {"0.5 in its mask": {"mask": scribble().mask}}),
        ("pasted on", hat.image, {"0.35 in its mask": {"mask": hat.mask, "strength": 0.35}}),
    )


def made_real() -> Figures:
    """How far each picture is from its guide, in squared distance; keeps all of them."""
    figures, cells, model = Figures(), list[Cell](), load("portraits")
    for name, guide, ways in guides():
        cells.append(Cell(guide, (name,)))
        for way, how in ways.items():
            (image,) = overpaint.edit(guide, method="sdedit", model=model, **how).images
            cells.append(Cell(image, (way,)))
            apart = l2(*(pixels(each, model.size) / 2 + 0.5 for each in (image, guide)))
            figures[f"{name}, {way}: squared distance"] = float(apart)
    sheet(cells).save(FOLDER / "sdedit-uses.png")
    return figures
