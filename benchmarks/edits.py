"""DiffusionCLIP edits of held-out photos, judged: as asked, and kept otherwise."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from benchmarks.worlds import HeldOut, held_out, read
from overpaint.methods import registry
from overpaint.methods.diffusionclip import Options
from overpaint.methods.registry import Run, Task
from overpaint.metrics.semantic import kept
from overpaint.models.bundle import DiffusionModel
from overpaint.models.control import read_adapter
from overpaint.models.zoo import WEIGHTS, load
from overpaint.portraits.labels import HIDDEN
from overpaint.portraits.scene import VALUES

SHAPE = ("kind", "hair_style", "eyewear", "headwear", "expression")


@dataclass(frozen=True)
class Aim:
    """What an adapter should make of a picture: one attribute (or the style) at one value."""

    attribute: str
    value: str

    @property
    def index(self) -> int:
        return VALUES[self.attribute].index(self.value)

    def applies(self, data: HeldOut) -> torch.Tensor:
        """(N,) bool: pictures that show the attribute, at another value."""
        truth = data.labels[self.attribute]
        return (truth != HIDDEN) & (truth != self.index)

    def others(self) -> tuple[str, ...]:
        """The attributes that the edit should leave as they are."""
        if self.attribute == "style":
            return SHAPE
        return tuple(name for name in VALUES if name not in (self.attribute, "style"))


AIMS: Mapping[str, Aim] = {
    "sketch": Aim("style", "pencil sketch"),
    "bronze": Aim("style", "bronze statue"),
    "neon": Aim("style", "neon"),
    "zombie": Aim("style", "zombie"),
    "smiling": Aim("expression", "smiling"),
    "red-hair": Aim("hair", "red"),
}


def photos_for(names: Sequence[str], count: int) -> HeldOut:
    """The first photos that show the attribute of every adapter named, at other values."""
    data = held_out("photos")
    fitting = torch.stack([AIMS[name].applies(data) for name in names]).all(0)
    return data[fitting.nonzero()[:count, 0]]


def edited(
    model: DiffusionModel, folder: Path, pictures: torch.Tensor, degree: float = 1.0
) -> torch.Tensor:
    """Pictures edited by the method, with its own defaults and the adapter in `folder`."""
    adapter = read_adapter(folder)
    prompt, parts = str(adapter.card["prompt"]), {"adapter": adapter}
    return performed("diffusionclip", model, pictures, prompt, Options(degree=degree), parts)


def performed(
    method: str,
    model: DiffusionModel,
    pictures: torch.Tensor,
    prompt: str,
    options: Any,
    parts: Mapping[str, Any],
) -> torch.Tensor:
    """Pictures `(N, 3, S, S)` edited by a method, one by one."""
    found, run = registry.find(method), Run()
    tasks = [Task(picture, prompt) for picture in pictures.split(1)]
    made = [registry.perform(found, model, task, options, run, parts) for task in tasks]
    return torch.cat([outcome.images for outcome in made])


def judged(
    name: str, count: int = 64, folder: Path | None = None, model: DiffusionModel | None = None
) -> tuple[dict[str, float], torch.Tensor, torch.Tensor]:
    """(asked, kept, seconds a picture), the sources and the edits."""
    aim, data = AIMS[name], photos_for((name,), count)
    began = time.perf_counter()
    made = edited(model or load("portraits"), folder or WEIGHTS / "adapters" / name, data.pictures)
    seconds = (time.perf_counter() - began) / len(made)
    return {**scored(aim, data, made), "seconds": seconds}, data.pictures, made


def scored(aim: Aim, data: HeldOut, made: torch.Tensor) -> dict[str, float]:
    """Shares of edits that read as asked, and of their other attributes that read as before."""
    before, after = read(data.pictures), read(made)
    shown = {other: data.labels[other] != HIDDEN for other in aim.others()}
    asked = after[aim.attribute].argmax(1) == aim.index
    return {"asked": float(asked.float().mean()), "kept": kept(before, after, shown, aim.others())}
