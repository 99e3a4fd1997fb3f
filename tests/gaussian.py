"""A model whose every answer is known: pictures drawn from N(mean, spread^2)."""

from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor

from overpaint.core.prediction import Prediction, from_eps
from overpaint.core.schedule import Level
from overpaint.models.conditions import Cond


@dataclass(frozen=True)
class Gaussian:
    """The exact denoiser of N(mean, spread^2), computed in float64 as the golden numbers are."""

    mean: Tensor
    spread: float = 0.5
    asked: list[Level] = field(default_factory=list)

    def deviation(self, level: Level) -> float:
        """The standard deviation of states at `level`."""
        return ((level.alpha * self.spread) ** 2 + level.sigma**2) ** 0.5

    def __call__(self, x: Tensor, level: Level) -> Prediction:
        """The expected noise and picture."""
        self.asked.append(level)
        offset = x.double() - level.alpha * self.mean.double()
        eps = level.sigma * offset / self.deviation(level) ** 2
        return from_eps(x, level, eps.to(x))

    def flow(self, x: Tensor, here: Level, there: Level) -> Tensor:
        """Where the probability-flow ODE takes `x`, in closed form."""
        offset = x - here.alpha * self.mean.to(x)
        return there.alpha * self.mean.to(x) + offset * (
            self.deviation(there) / self.deviation(here)
        )


@dataclass(frozen=True)
class Told:
    """The Gaussian whose mean a text's numbers (B, L, K) give, as the golden inversions have it."""

    patterns: Tensor  # (K, C, H, W)
    spread: float = 0.5
    asked: list[Level] = field(default_factory=list)

    def __call__(self, x: Tensor, level: Level, cond: Cond) -> Prediction:
        """The expected noise and picture of pictures that show what the text says."""
        self.asked.append(level)
        numbers, patterns = cond.text.double().mean(1), self.patterns.double()
        mean = torch.einsum("bk,kchw->bchw", numbers, patterns)
        variance = (level.alpha * self.spread) ** 2 + level.sigma**2
        eps = level.sigma * (x.double() - level.alpha * mean) / variance
        return from_eps(x, level, eps.to(x))


def with_variance(denoise: Gaussian, c: float, d: float) -> Callable[[Tensor, Level], Prediction]:
    """The Gaussian with a made-up learned variance: channel c * cos(3 * eps + d)."""

    def both(x: Tensor, level: Level) -> Prediction:
        pred = denoise(x, level)
        return Prediction(pred.x0, pred.eps, (c * torch.cos(3 * pred.eps + d) + 1) / 2)

    return both
