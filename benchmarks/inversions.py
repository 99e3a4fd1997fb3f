"""Every inversion of a model that reads text: how well it keeps a picture, and what it costs."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from overpaint.core.prediction import Prediction
from overpaint.core.rng import NoiseStream
from overpaint.core.schedule import Level, below
from overpaint.core.solvers import last
from overpaint.inversions.pivotal import pivotal
from overpaint.inversions.registry import INVERSIONS
from overpaint.inversions.source import source_of
from overpaint.metrics.fidelity import mae
from overpaint.models.bundle import DiffusionModel
from overpaint.models.conditions import Cond
from overpaint.models.zoo import load
from overpaint.portraits.captions import caption
from overpaint.portraits.dataset import SIZE, scenes
from overpaint.portraits.render import render
from overpaint.recipes.training import HELD_OUT, images

MODEL, STEPS, SCALE, BATCH = "portraits-latent", 50, 7.5, 8
PUBLISHED = "null-text, published"
WAYS = {
    **INVERSIONS,
    PUBLISHED: replace(INVERSIONS["null-text"], up=pivotal),
}
Figures = dict[str, float]


@dataclass
class Work:
    """What a model has been asked: rows of its batches, and how many of them for a gradient."""

    model: DiffusionModel
    rows: int = 0
    slopes: int = 0

    def __call__(self, x: Tensor, level: Level, cond: Cond | None = None, /) -> Prediction:
        return self.several(x, (level,), cond)

    def several(self, x: Tensor, levels: Sequence[Level], cond: Cond | None = None) -> Prediction:
        self.rows += len(x)
        if torch.is_grad_enabled() and cond is not None and cond.text.requires_grad:
            self.slopes += len(x)
        return self.model.several(x, levels, cond)


@dataclass
class Told:
    """Sums over the pictures of one inversion."""

    error: float = 0.0
    rows: int = 0  # up alone, as the next
    slopes: int = 0
    up: float = 0.0
    back: int = 0  # rows of the way down
    down: float = 0.0


def measured(count: int = 64, few: int = 16, name: str = MODEL) -> tuple[Figures, Tensor]:
    """Every inversion, and on the first few pictures null-text beside the published algorithm.

    The rows of pictures are the first originals, and what every inversion gives back of them.
    """
    found, rows = costs(INVERSIONS, count, name)
    beside, _ = costs(("null-text", PUBLISHED), few, name)
    published = {what: value for what, value in beside.items() if what.startswith(PUBLISHED)}
    return found | published | shares(found, beside), rows


def costs(
    ways: Iterable[str], count: int, name: str = MODEL, steps: int = STEPS
) -> tuple[Figures, Tensor]:
    """For each picture: mean absolute error in [0, 1] against the codec's own, calls, seconds.

    Calls are rows of the network's batches, there and back, and gradients on top of them.
    """
    model = load(name)
    pictures, texts = portraits(count, model.size)
    figures, rows = Figures(), [pictures[:BATCH]]
    for which in ways:
        told = Told()
        for part in range(0, count, BATCH):
            some = slice(part, part + BATCH)
            made = add(told, which, model, pictures[some], texts[some], steps)
            rows += [made * 2 - 1] if part == 0 else []
        figures |= {
            f"{which}: error": told.error / count,
            f"{which}: calls": (told.rows + told.back) / count,
            f"{which}: gradients": told.slopes / count,
            f"{which}: seconds": (told.up + told.down) / count,
            f"{which}: seconds up": told.up / count,
            f"{which}: calls up": told.rows / count,
        }
    return figures, torch.stack(rows)


def shares(found: Figures, beside: Figures) -> Figures:
    """Fitting texts against plain inversion, and against the published way beside it."""
    ours, theirs = "null-text", PUBLISHED

    def share(what: str) -> float:
        return beside[f"{ours}: {what}"] / beside[f"{theirs}: {what}"]

    def work(which: str) -> float:
        return beside[f"{which}: calls up"] + beside[f"{which}: gradients"]

    return {
        "null-text: error against ddim": found[f"{ours}: error"] / found["ddim: error"],
        "null-text: error against published": share("error"),
        "null-text: calls against published": work(ours) / work(theirs),
        "null-text: seconds against published": share("seconds up"),
    }


def add(
    told: Told,
    which: str,
    model: DiffusionModel,
    pictures: Tensor,
    texts: Sequence[str],
    steps: int,
) -> Tensor:
    """Inverts a batch and goes back; what comes of it, in [0, 1]."""
    work, way = Work(model), WAYS[which]
    source = source_of(model, texts, scale=SCALE, rng=NoiseStream(range(len(texts))))
    source = replace(source, model=work, several=work.several)
    levels = model.schedule.path(below(model.schedule.time_of(1.0), steps))
    with torch.no_grad():
        x0 = model.codec.encode(pictures.to(model.device))
        began = time.perf_counter()
        found = way.invert(source, x0, levels)
        told.up += time.perf_counter() - began
        told.rows, told.slopes = told.rows + work.rows, told.slopes + work.slopes
        work.rows, began = 0, time.perf_counter()
        back = last(way.replay(found, source.along(found), sources=len(x0)))
        told.down += time.perf_counter() - began
        told.back += work.rows
        made, plain = ((model.codec.decode(x).clamp(-1, 1) + 1) / 2 for x in (back, x0))
    told.error += float(mae(made, plain).sum())
    return made


def portraits(count: int, size: int) -> tuple[Tensor, list[str]]:
    """Held-out photos (N, 3, size, size) in [-1, 1], and a caption of each."""
    found, rng = scenes("photos", HELD_OUT, 0)[:count], np.random.default_rng(HELD_OUT)
    texts = [caption(scene, rng, most=3).text for scene in found]
    drawn = images(np.stack([render(scene, max(size, SIZE)) for scene in found]))
    return (drawn if size >= SIZE else F.interpolate(drawn, (size, size), mode="area")), texts
