"""Pictures to learn a change on: rendered, drawn by the model, or the user's own."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from overpaint.core.watch import Watch, unwatched
from overpaint.data.images import read_image
from overpaint.data.placement import fit
from overpaint.data.sources import portable_name, shown
from overpaint.errors import ImageReadError, OptionError
from overpaint.models.bundle import DiffusionModel
from overpaint.portraits import dataset
from overpaint.portraits.render import render
from overpaint.recipes.drawing import drawn
from overpaint.recipes.training import images

DRAWING = 40  # network calls of a picture that the model draws itself
NAMED = 3  # files that a note lists


@dataclass(frozen=True, eq=False)
class Material:
    """Pictures `(N, 3, S, S)` in [-1, 1], where they are from, and what went wrong with others."""

    pictures: Tensor
    origin: str
    notes: tuple[str, ...] = ()

    @property
    def hash(self) -> str:
        """Of the pixels: sha256[:16]."""
        return hashlib.sha256(self.pictures.cpu().numpy().tobytes()).hexdigest()[:16]


def material(
    model: DiffusionModel, origin: str, count: int, seed: int, watch: Watch = unwatched
) -> Material:
    """`count` pictures at most, on the model's device.

    Args:
        origin: `portraits`, `drawn`, or a folder; empty: portraits for a model of them, else drawn.

    Raises:
        OptionError: there is no such folder, or no picture in it.
    """
    origin = origin or ("portraits" if model.card.get("domain") == "photo" else "drawn")
    if origin == "portraits":
        scenes = dataset.scenes("photos", 1000 + seed, 0)[:count]
        pictures = images(np.stack([render(scene, model.size) for scene in scenes]))
        return Material(pictures.to(model.device), origin)
    if origin == "drawn":
        return Material(drawn(model, range(seed, seed + count), DRAWING, watch=watch), origin)
    return own_pictures(Path(origin), count, model, watch)


def own_pictures(
    folder: Path, count: int, model: DiffusionModel, watch: Watch = unwatched
) -> Material:
    """The first `count` pictures of a folder by name, upright, fitted into the model's square."""
    what = f"There are no pictures to learn from in {shown(folder)}"
    if not folder.is_dir():
        why = "it is a file" if folder.exists() else "there is no such folder"
        raise OptionError(what, why, "images is portraits, drawn, or a folder of pictures")
    found, faults = list[Tensor](), list[str]()
    files = [path for path in sorted(folder.iterdir()) if _is_candidate(path)]
    for path in watch(files, len(files), "reading pictures"):
        if len(found) == count:
            break
        try:
            found.append(fit(read_image(path), model.size)[0])
        except ImageReadError as error:
            faults.append(f"{path.name} ({error.why})")
    notes = (_skipped(faults),) if faults else ()
    if not found:
        why = notes[0] if notes else "it holds no files"
        raise OptionError(what, why, "put PNG, JPEG, WebP, TIFF, GIF or BMP pictures into it")
    return Material(torch.cat(found).to(model.device), portable_name(folder), notes)


def _is_candidate(path: Path) -> bool:
    return path.is_file() and not path.name.startswith(".")


def _skipped(faults: list[str]) -> str:
    """A note on files that could not be read."""
    named = ", ".join(shown(fault) for fault in faults[:NAMED])
    more = f" and {len(faults) - NAMED} more" if len(faults) > NAMED else ""
    return f"left out as no pictures: {named}{more}"
