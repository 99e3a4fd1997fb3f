"""What a network says about a state: the picture and the noise in it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from overpaint.core.schedule import Level
from overpaint.errors import OptionError


@dataclass(frozen=True, eq=False)
class Prediction:
    """x0 and eps with `x = alpha * x0 + sigma * eps`; build one with a `from_` function.

    variance: the learned share in [0, 1] of log beta against the posterior's log variance
    (arXiv 2102.09672, eq. 15), or None.
    pull: the gradient of a log likelihood that `ancestral` follows (arXiv 2105.05233, alg. 1);
    `guidance.lead` says it, and a step that draws no noise knows nothing of it.
    """

    x0: Tensor
    eps: Tensor
    variance: Tensor | None = None
    pull: Tensor | None = None


Denoiser = Callable[[Tensor, Level], Prediction]


def from_eps(x: Tensor, level: Level, eps: Tensor, variance: Tensor | None = None) -> Prediction:
    """From predicted noise; nothing is known about x0 where alpha is 0."""
    if level.alpha == 0:
        what = "a noise prediction says nothing about pure noise (alpha = 0)"
        raise OptionError(what, hint="begin below it, by a strength below 1")
    return Prediction((x - level.sigma * eps) / level.alpha, eps, variance)


def from_x0(x: Tensor, level: Level, x0: Tensor, variance: Tensor | None = None) -> Prediction:
    """From a predicted picture; nothing is known about eps where sigma is 0."""
    if level.sigma == 0:
        raise OptionError("a picture prediction says nothing about noise at sigma = 0")
    return Prediction(x0, (x - level.alpha * x0) / level.sigma, variance)


def from_v(x: Tensor, level: Level, v: Tensor, variance: Tensor | None = None) -> Prediction:
    """From v = alpha * eps - sigma * x0, alpha^2 + sigma^2 = 1 (arXiv 2202.00512, appendix D)."""
    x0 = level.alpha * x - level.sigma * v
    return Prediction(x0, level.sigma * x + level.alpha * v, variance)


def from_flow(x: Tensor, level: Level, v: Tensor, variance: Tensor | None = None) -> Prediction:
    """From the velocity v = eps - x0 of a rectified flow, alpha + sigma = 1 (arXiv 2209.03003)."""
    return Prediction(x - level.sigma * v, x + level.alpha * v, variance)


def from_score(
    x: Tensor, level: Level, score: Tensor, variance: Tensor | None = None
) -> Prediction:
    """From the gradient of the log density, -eps / sigma (arXiv 2011.13456)."""
    return from_eps(x, level, -level.sigma * score, variance)


PREDICTIONS: dict[str, Callable[..., Prediction]] = {
    "eps": from_eps,
    "x0": from_x0,
    "v": from_v,
    "flow": from_flow,
    "score": from_score,
}


def joined(parts: Sequence[Prediction]) -> Prediction:
    """The predictions of several groups of rows as that of all, without any pull."""
    if len(parts) == 1:
        return parts[0]
    shares = [part.variance for part in parts if part.variance is not None]
    return Prediction(
        torch.cat([part.x0 for part in parts]),
        torch.cat([part.eps for part in parts]),
        torch.cat(shares) if shares else None,
    )


def split_variance(output: Tensor) -> tuple[Tensor, Tensor]:
    """A (B, 2C, H, W) output as its prediction (B, C, H, W) and the share that `variance` holds."""
    prediction, share = output.chunk(2, dim=1)
    return prediction, (share + 1) / 2
