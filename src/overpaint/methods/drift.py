"""How far SDEdit can lead from its guide: the paper's bound (arXiv 2108.01073, proposition 1)."""

import math
from dataclasses import dataclass, field

import torch
from torch import Tensor

from overpaint.core.prediction import Denoiser, Prediction
from overpaint.core.schedule import Level

DELTA = 0.01  # the chance with which the bound may be passed
PIXELS = 256 * 256  # of the picture whose distance is told, as in `metrics.fidelity.l2`


def bound(score: float | Tensor, sigma: float, d: int, delta: float = DELTA) -> Tensor:
    """The squared distance from the guide that is kept with probability 1 - delta.

    score: C, of which the squared norm of the score is no more. sigma: noise at the start, of
        states x0 + sigma * eps. d: numbers in a state.
    """
    log = math.log(delta)
    chance = d + 2 * math.sqrt(-d * log) - 2 * log
    return sigma**2 * (torch.as_tensor(score, dtype=torch.float64) * sigma**2 + chance)


@dataclass
class Drift:
    """The score along one path, gathered while its denoiser is asked; C is the largest met there.

    It is met where noise is least, so the bound is far above what is measured.
    """

    seen: list[tuple[float, Tensor]] = field(default_factory=list)

    def along(self, denoise: Denoiser) -> Denoiser:
        """The denoiser; what it says of (B, ...) is kept in mind."""

        def asked(x: Tensor, level: Level) -> Prediction:
            pred = denoise(x, level)
            sigma = level.sigma / level.alpha if level.alpha > 0 else math.inf
            norm = pred.eps.double().flatten(1).norm(dim=1)
            self.seen.append((sigma, (norm / sigma) ** 2))  # the score is -eps / sigma
            return pred

        return asked

    def bound(self, size: int, d: int) -> Tensor:
        """(B,), in units of the metric `l2`, for states that are pictures: d values, side `size`.

        Of latents it would bound another distance.
        """
        sigma, c = self.seen[0][0], torch.stack([score for _, score in self.seen]).amax(0)
        return bound(c, sigma, d) / 4 * (PIXELS / size**2)  # from [-1, 1] to [0, 1]
