"""What a noise and its opposite are worth where the answers of two models are compared."""

import torch
from torch import Tensor

from benchmarks.edits import photos_for
from overpaint.core.contrast import draws
from overpaint.core.rng import NoiseStream
from overpaint.core.schedule import Level
from overpaint.models.control import adapted, read_adapter
from overpaint.models.zoo import WEIGHTS, load

ADAPTER, STRENGTHS = "red-hair", (0.1, 0.25, 0.4)
Figures = dict[str, float]


def measured(count: int = 16, noises: int = 20) -> Figures:
    """By noise level, the squared error of two opposite noises against that of two drawn ones.

    "difference": of the mean difference; "size": of the mean of their sizes, as the paper has it.
    """
    figures, model = Figures(), load("portraits")
    tuned = adapted(model, read_adapter(WEIGHTS / "adapters" / ADAPTER))
    x0 = model.codec.encode(photos_for((ADAPTER,), count).pictures)

    def difference(x: Tensor, level: Level) -> Tensor:
        with torch.no_grad():
            return tuned(x, level).eps - model(x, level).eps

    for strength in STRENGTHS:
        level, found = model.schedule.at(model.schedule.time_of(strength)), []
        for antithetic in (True, False):
            states = draws(x0, level, NoiseStream(range(count)), noises, antithetic=antithetic)
            found.append(torch.stack([difference(state, level) for state in states]))
        for name, maps in (("difference", found), ("size", [each.abs().mean(2) for each in found])):
            truth = torch.cat(maps).mean(0)
            paired, drawn = (_error(each, truth) for each in maps)
            figures[f"strength {strength}: {name}"] = paired / drawn
    return figures


def _error(maps: Tensor, truth: Tensor) -> float:
    """The mean squared error of the mean of every two in a row."""
    pairs = maps.view(len(maps) // 2, 2, *maps.shape[1:]).mean(1)
    return float((pairs - truth).square().mean())
