"""What Blended Diffusion is used for, tried on one portrait: a sheet for its page."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

import overpaint
from benchmarks.pictures import FOLDER
from overpaint.data.images import read_image
from overpaint.data.sheets import Cell, sheet
from overpaint.data.strokes import Guide, laid
from overpaint.models.zoo import load
from overpaint.portraits.render import render
from overpaint.portraits.scene import sample_scene
from overpaint.ranking import rank

EXAMPLES = Path(__file__).parent.parent / "examples"
PORTRAIT = EXAMPLES / "portrait.png"
BOTH = "a person with red hair wearing sunglasses"
CANDIDATES = 8
Figures = dict[str, float]


@dataclass(frozen=True)
class Use:
    """One use: what is asked of `overpaint.edit`, and of which picture."""

    title: str
    words: str  # under its picture
    prompt: str = ""
    source: str = "portrait"  # or the use whose result is edited
    how: Mapping[str, Any] = field(default_factory=dict)
    ranked: str = ""  # what candidates are ranked by, other than the prompt


def mask(name: str) -> Path:
    """A mask of the examples."""
    return EXAMPLES / f"{name}.png"


@cache
def scribble() -> Guide:
    """A crown painted on the portrait by hand."""
    return laid(read_image(EXAMPLES / "scribble.png"), read_image(PORTRAIT))


def was(words: str) -> dict[str, str]:
    """What the picture shows before, where the text will have it otherwise."""
    return {"source_prompt": f"a person {words}"}


SIDE = 128
OURS = (SIDE, SIDE, 2 * SIDE, 2 * SIDE)  # where the portrait stands in the group


@cache
def group(side: int = SIDE, columns: int = 4) -> tuple[Image.Image, Image.Image]:
    """Many small portraits, ours among them, and its hat's mask."""
    picture = Image.new("RGB", (columns * side, columns * side))
    where = Image.new("L", picture.size)
    for k in range(columns**2):
        scene = sample_scene(np.random.default_rng(k))
        corner = (side * (k % columns), side * (k // columns))
        picture.paste(Image.fromarray(render(scene, side)), corner)
    ours = (side, side)
    picture.paste(Image.open(PORTRAIT).resize(ours, Image.Resampling.LANCZOS), ours)
    where.paste(Image.open(mask("hat")).resize(ours), ours)
    return picture, where


def uses() -> tuple[Use, ...]:
    """The paper's, and a small mask."""
    red = "a person on a red background"
    behind = {"mask": mask("person"), "invert_mask": True, **was("on a blue background")}
    hair = {"mask": mask("hair"), **was("with brown hair")}
    worn = (mask("glasses"), "a person with sunglasses")
    regions = [(mask("hair"), "a person with red hair"), worn]
    hat, bare = "a person with a top hat", was("without a hat")
    small = {"mask": group()[1], **bare}
    anew = {"mask": mask("hat"), "strength": 1.0, "jumps": 4}
    crown = {"mask": scribble().mask, "strength": 0.6, **bare}
    return (
        Use("alter", "blond hair", "a person with blond hair", how=hair),
        Use("add", "a top hat", hat, how={"mask": mask("hat"), **bare}),
        Use("remove", "no text", source="add", how=anew, ranked="a person without a hat"),
        Use("background", "a red one", red, how=behind),
        Use("scribble", "a crown", "a person with a crown", source="painted on", how=crown),
        Use("regions", "red hair, sunglasses", how={"regions": regions}, ranked=BOTH),
        Use("extend", "no text", how={"extend": "right=0.25"}),
        Use("small, zoom off", "a top hat", hat, source="group", how={**small, "zoom": "off"}),
        Use("small", "a top hat", hat, source="group", how=small),
    )


def tried() -> Figures:
    """Seconds of a candidate of each use; keeps the best of eight of each by rank."""
    figures, model = Figures(), load("portraits")
    made = {"portrait": Image.open(PORTRAIT), "painted on": scribble().image, "group": group()[0]}
    cells = [Cell(picture, (name,)) for name, picture in made.items()]
    for use in uses():
        source, how = made[use.source], {"method": "blended", "model": model, **use.how}
        result = overpaint.edit(source, use.prompt, count=CANDIDATES, **how)
        text = use.ranked or use.prompt
        before = use.how.get("source_prompt", "")
        shown = {"source_prompt": before, "mask": result.mask}
        best = rank(result.images, text, **shown)[0].index if text else 0
        made[use.title] = result.images[best]
        cell = made[use.title].crop(OURS) if use.source == "group" else made[use.title]
        cells.append(Cell(cell, (use.title, use.words)))
        figures[f"{use.title}: seconds"] = result.seconds / CANDIDATES
    sheet(cells).save(FOLDER / "blended-uses.png")
    return figures
