"""What both methods are used for, tried on one portrait: a sheet for each page."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from PIL import Image

import overpaint
from benchmarks.pictures import FOLDER
from benchmarks.strokes import pixels
from overpaint.data.compositing import pasted
from overpaint.data.images import read_image
from overpaint.data.sheets import Cell, sheet
from overpaint.data.strokes import Guide, laid, simulated
from overpaint.metrics.fidelity import l2
from overpaint.models.zoo import load
from overpaint.ranking import rank

EXAMPLES = Path(__file__).parent.parent / "examples"
PORTRAIT = EXAMPLES / "portrait.png"
CANDIDATES = 8
STRENGTHS = (0.3, 0.4, 0.5, 0.6, 0.7)
Figures = dict[str, float]


@dataclass(frozen=True)
class Use:
    """One use: what is asked of `overpaint.edit`, and of which picture."""

    title: str
    words: str  # under its picture
    prompt: str = ""  # candidates are ranked by it
    source: str = ""  # the use whose result is edited; the portrait without it
    how: Mapping[str, Any] = field(default_factory=dict)


def mask(name: str) -> Path:
    """A mask of the examples."""
    return EXAMPLES / f"{name}.png"


@cache
def scribble() -> Guide:
    """A crown painted on the portrait by hand."""
    return laid(read_image(EXAMPLES / "scribble.png"), read_image(PORTRAIT))


def blended_uses() -> tuple[Use, ...]:
    """The paper's."""
    crown = {"mask": scribble().mask, "strength": 0.6}
    behind = {"mask": mask("person"), "invert_mask": True}
    both = [(mask("hair"), "a person with red hair"), (mask("glasses"), "a person with glasses")]
    return (
        Use("alter", "blond hair", "a person with blond hair", how={"mask": mask("hair")}),
        Use("add", "a top hat", "a person with a top hat", how={"mask": mask("hat")}),
        Use("remove", "no text", source="add", how={"mask": mask("hat")}),
        Use("background", "a red wall", "a person in front of a red wall", how=behind),
        Use("scribble", "a crown", "a person with a crown", source="drawn", how=crown),
        Use("regions", "red hair, glasses", "a person with glasses", how={"regions": both}),
        Use("small mask", "a smile", "a smiling person", how={"mask": mask("mouth")}),
        Use("extend", "no text", how={"extend": "right=0.25"}),
    )


def blended() -> Figures:
    """Seconds of a candidate of each use; keeps the best of eight of each by rank."""
    figures, model = Figures(), load("portraits")
    made = {"": Image.open(PORTRAIT), "drawn": scribble().image}
    cells = [Cell(PORTRAIT, ("portrait", "")), Cell(made["drawn"], ("painted on", ""))]
    for use in blended_uses():
        source, how = made[use.source], {"method": "blended", "model": model, **use.how}
        result = overpaint.edit(source, use.prompt, count=CANDIDATES, **how)
        best = rank(result.images, use.prompt, mask=result.mask)[0].index if use.prompt else 0
        made[use.title] = result.images[best]
        cells.append(Cell(made[use.title], (use.title, use.words)))
        figures[f"blended, {use.title}: seconds"] = result.seconds / CANDIDATES
    sheet(cells).save(FOLDER / "blended-uses.png")
    return figures


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


def sdedit() -> Figures:
    """How far each picture is from its guide, in squared distance; keeps all of them."""
    figures, cells, model = Figures(), list[Cell](), load("portraits")
    for name, guide, ways in guides():
        cells.append(Cell(guide, (name,)))
        for way, how in ways.items():
            (image,) = overpaint.edit(guide, method="sdedit", model=model, **how).images
            cells.append(Cell(image, (way,)))
            apart = l2(*(pixels(each, model.size) / 2 + 0.5 for each in (image, guide)))
            figures[f"sdedit, {name}, {way}: squared distance"] = float(apart)
    sheet(cells).save(FOLDER / "sdedit-uses.png")
    return figures
