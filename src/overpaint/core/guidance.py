"""Denoisers made out of denoisers."""

from collections.abc import Callable, Sequence
from typing import TypeVar

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from overpaint.core.prediction import Denoiser, Prediction, from_x0
from overpaint.core.schedule import Level
from overpaint.errors import OptionError

C = TypeVar("C")
Weight = float | Tensor  # a number, or one for each pixel: it broadcasts against (B, C, H, W)
Several = Callable[[Tensor, Level, Sequence[int]], Sequence[Prediction]]
ROUNDING = 1e-5  # of a sum of weights


def mix(denoisers: Sequence[Denoiser], weights: Callable[[Level], Sequence[Weight]]) -> Denoiser:
    """The weighted mean of several predictions (DiffusionCLIP, arXiv 2110.02711, eq. 14).

    A denoiser of weight 0 is not asked. A learned variance is that of the last one asked.

    weights: at a level, one for each denoiser; they sum to 1 and may be negative.
    """

    def one_by_one(x: Tensor, level: Level, which: Sequence[int]) -> list[Prediction]:
        return [denoisers[i](x, level) for i in which]

    return mix_of(one_by_one, len(denoisers), weights)


def mix_of(ask: Several, count: int, weights: Callable[[Level], Sequence[Weight]]) -> Denoiser:
    """`mix` over `count` predictions that `ask` makes together, those of the given numbers."""

    def mixed(x: Tensor, level: Level) -> Prediction:
        shares = weights(level)
        if len(shares) != count or not _is_one(sum(shares)):
            raise OptionError(f"{count} weights that sum to 1 are needed, got {shares!r:.80}")
        which = [i for i, w in enumerate(shares) if isinstance(w, Tensor) or w != 0]
        asked = [(shares[i], pred) for i, pred in zip(which, ask(x, level, which), strict=True)]
        return Prediction(
            _weighted_sum([(w, pred.x0) for w, pred in asked]),
            _weighted_sum([(w, pred.eps) for w, pred in asked]),
            asked[-1][1].variance,
        )

    return mixed


def _is_one(total: Weight) -> bool:
    if isinstance(total, Tensor):
        return bool((total - 1).abs().max() <= ROUNDING)
    return abs(total - 1) <= ROUNDING  # False for NaN


def _weighted_sum(terms: Sequence[tuple[Weight, Tensor]]) -> Tensor:
    (weight, total), *others = terms
    total = weight * total
    for weight, term in others:
        total = total + weight * term
    return total


def combine(
    model: Callable[[Tensor, Level, C], Prediction], conds: Sequence[C], weights: Sequence[float]
) -> Denoiser:
    """One model under several conditions; (1 - s, s) is classifier-free guidance of scale s."""

    def under(cond: C) -> Denoiser:
        return lambda x, level: model(x, level, cond)

    return mix([under(cond) for cond in conds], lambda level: weights)


def steer(denoise: Denoiser, loss: Callable[[Tensor, Prediction, Level], Tensor]) -> Denoiser:
    """A denoiser that also descends a loss, through the network (arXiv 2105.05233, alg. 2).

    loss: of (x, prediction, level), (B,) or a number; summed over the batch.
    """

    def steered(x: Tensor, level: Level) -> Prediction:
        with torch.enable_grad():
            x = x.detach().requires_grad_()
            pred = denoise(x, level)
            (gradient,) = torch.autograd.grad(loss(x, pred, level).sum(), x)
        eps = pred.eps.detach() + level.sigma * gradient
        x0 = pred.x0.detach() - level.sigma**2 / level.alpha * gradient
        return Prediction(x0, eps, None if pred.variance is None else pred.variance.detach())

    return steered


def mapping_x0(denoise: Denoiser, change: Callable[[Tensor], Tensor]) -> Denoiser:
    """A denoiser whose predicted picture is changed, for instance clamped; eps follows."""

    def mapped(x: Tensor, level: Level) -> Prediction:
        pred = denoise(x, level)
        if level.sigma == 0:
            return Prediction(change(pred.x0), pred.eps, pred.variance)
        return from_x0(x, level, change(pred.x0), pred.variance)

    return mapped


def forgetful(denoise: Denoiser) -> Denoiser:
    """A denoiser of whose calls only the inputs are kept; the rest is made anew on the way back.

    The same gradient for a third more work, and of a whole path one call fills memory (arXiv
    1604.06174).
    """

    def asked(x: Tensor, level: Level) -> Prediction:
        again: Prediction = checkpoint(denoise, x, level, use_reentrant=False)
        return again

    return asked
