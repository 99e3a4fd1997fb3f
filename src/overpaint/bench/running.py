"""Edits made, scored and kept, one after another; a run goes on where it was stopped."""

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from overpaint.bench import rows
from overpaint.bench.eyes import eyes
from overpaint.bench.peaks import peak, reset
from overpaint.bench.scoring import scores
from overpaint.bench.ways import CALIBRATION, NOTHING, TRUTH, Way
from overpaint.core.watch import Watch, unwatched
from overpaint.data.locking import sole
from overpaint.data.writing import write_image
from overpaint.editing import edit as made_by
from overpaint.errors import OptionError, OverpaintError
from overpaint.models.bundle import DiffusionModel
from overpaint.models.zoo import load
from overpaint.portraits.tasks import Drawn, Edit

SIZE = 128
SOURCE, TRUE, REGION = "source.png", "truth.png", "region.png"


@dataclass(frozen=True)
class Setting:
    """What is the same for every edit of a run."""

    folder: Path
    size: int = SIZE
    seed: int = 0
    device: str = "auto"
    dtype: str = "auto"


def run(
    edits: list[Edit], ways: Iterable[Way], setting: Setting, watch: Watch = unwatched
) -> Iterator[dict[str, Any]]:
    """Makes and scores each edit in each way; yields the rows, those of before first.

    A picture stands at `folder/EDIT/WAY.png` with its record, beside its source, truth and region.
    An edit that fails is a row with its error, which counts as no success.

    Raises:
        OptionError: the folder holds edits of another size or seed.
    """
    setting.folder.mkdir(parents=True, exist_ok=True)
    with sole(setting.folder, watch):
        asked = [(way, edit) for way in ways for edit in edits]
        kept = {(row["way"], row["edit"]): row for row in _kept(setting)}
        known = [kept.get((way.name, edit.name)) for way, edit in asked]
        yield from (row for row in known if row)
        todo = [pair for pair, row in zip(asked, known, strict=True) if row is None]
        for row in watch(_made(todo, edits, setting), len(todo), "editing"):
            rows.add(setting.folder, row)
            yield row


def _kept(setting: Setting) -> list[dict[str, Any]]:
    """The rows of before, if they are of the same size and seed."""
    found, wanted = rows.read(setting.folder), _same(setting)
    for row in found:
        if any(row.get(name) != value for name, value in wanted.items()):
            told = ", ".join(f"{name} {row.get(name)}" for name in wanted)
            hint = "Give another folder, or the same size and seed."
            raise OptionError(f"{setting.folder} holds edits of {told}", hint=hint)
    return found


def _same(setting: Setting) -> dict[str, int]:
    """What all rows of a folder agree in."""
    return {"size": setting.size, "seed": setting.seed}


def _made(
    todo: list[tuple[Way, Edit]], edits: list[Edit], setting: Setting
) -> Iterator[dict[str, Any]]:
    name, model = "", None
    for way, edit in todo:
        if way.method not in CALIBRATION and way.on != name:
            name, model = way.on, load(way.on, setting.device, setting.dtype)
        yield _row(way, edit, edits, setting=setting, model=model)


def _row(
    way: Way, edit: Edit, edits: list[Edit], *, setting: Setting, model: DiffusionModel | None
) -> dict[str, Any]:
    """What was asked, what came of it, and its scores."""
    about = {"edit": edit.name, "group": edit.change.group, "way": way.name, **_same(setting)}
    folder, drawn = setting.folder / edit.name.replace("/", "-"), edit.drawn(setting.size)
    _keep(folder, drawn)
    if way.method in CALIBRATION:
        picture = _calibrating(way, edit, edits, setting.size, drawn)
        return {**about, **scores(eyes(), edit, drawn, picture)}
    asked = way.asked(edit, folder / REGION)
    if asked is None:
        return {**about, "left_out": "no adapter is tuned to it"}
    try:
        asked |= {"model": model, "seed": setting.seed}
        picture, more = _edited(way, asked, folder)
    except OverpaintError as error:
        return {**about, "error": str(error), "success": 0.0}
    return {**about, **more, **scores(eyes(), edit, drawn, picture)}


def _edited(way: Way, asked: dict[str, Any], folder: Path) -> tuple[np.ndarray, dict[str, Any]]:
    """(S, S, 3) uint8, which is kept in the folder with its record, and what it took."""
    reset()
    held = peak()
    result = made_by(folder / SOURCE, **asked)
    most = peak()
    name = way.name.replace("/", "-")  # of a model that is a folder
    result.save(folder / f"{name}.png", overwrite=True)
    return np.array(result.images[0].convert("RGB")), {
        "path": f"{folder.name}/{name}.png",
        "calls": result.calls,
        "seconds": result.seconds,
        "memory": (most - held) / 2**20,
    }


def _calibrating(way: Way, edit: Edit, edits: list[Edit], size: int, drawn: Drawn) -> np.ndarray:
    """The source, the true edit, or the source of another edit."""
    if way.method == NOTHING:
        return drawn[0]
    if way.method == TRUTH:
        return drawn[1]
    others = [each for each in edits if each.name != edit.name] or [edit]
    return random.Random(edit.name).choice(others).drawn(size)[0]


def _keep(folder: Path, drawn: Drawn) -> None:
    """The source, the true edit and its region, as pictures."""
    folder.mkdir(exist_ok=True)
    for name, picture in zip((SOURCE, TRUE, REGION), drawn, strict=True):
        if not (folder / name).exists():
            pixels = picture.astype(np.uint8) * 255 if picture.dtype == bool else picture
            write_image(Image.fromarray(pixels), folder / name)
