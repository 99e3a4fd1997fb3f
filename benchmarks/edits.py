"""DiffusionCLIP edits of held-out photos, judged: as asked, and kept otherwise."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch

from benchmarks.worlds import HeldOut, held_out, read
from overpaint.core.solvers import last, solve
from overpaint.inversions.ddim import ddim
from overpaint.methods.diffusionclip import Options, grids, to_degree
from overpaint.metrics.semantic import kept
from overpaint.models.bundle import DiffusionModel
from overpaint.models.control import adapted, read_adapter
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


def edited(
    model: DiffusionModel, folder: Path, pictures: torch.Tensor, degree: float = 1.0
) -> torch.Tensor:
    """Pictures edited with the adapter in `folder`, by the method's own defaults."""
    adapter = read_adapter(folder)
    up, down = grids(model.schedule, float(adapter.card["t0"]), Options())
    denoise = to_degree(model, adapted(model, adapter), degree)
    made = []
    with torch.no_grad():
        for part in pictures.split(16):
            noise = ddim(model, model.codec.encode(part), up, ask_ahead=True).noise
            made.append(model.codec.decode(last(solve(denoise, noise, down))).clamp(-1, 1))
    return torch.cat(made)


def judged(
    name: str, count: int = 64, folder: Path | None = None, model: DiffusionModel | None = None
) -> tuple[dict[str, float], torch.Tensor, torch.Tensor]:
    """(asked, kept, seconds a picture), the sources and the edits."""
    aim, data = AIMS[name], held_out("photos")
    data = data[aim.applies(data).nonzero()[:count, 0]]
    began = time.perf_counter()
    made = edited(model or load("portraits"), folder or WEIGHTS / "adapters" / name, data.pictures)
    seconds = (time.perf_counter() - began) / len(made)
    before, after = read(data.pictures), read(made)
    shown = {other: data.labels[other] != HIDDEN for other in aim.others()}
    figures = {
        "asked": float((after[aim.attribute].argmax(1) == aim.index).float().mean()),
        "kept": kept(before, after, shown, aim.others()),
        "seconds": seconds,
    }
    return figures, data.pictures, made
