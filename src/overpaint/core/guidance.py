"""Denoisers made out of denoisers."""

from collections.abc import Callable, Sequence
from dataclasses import replace
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
Loss = Callable[[Tensor, Prediction, Level], Tensor]
"""Of (x, prediction, level), (B,) or a number; summed, so that each picture has its gradient."""
Slopes = tuple[Prediction, list[Tensor], list[Tensor]]
"""A prediction, the losses of it, and their gradients."""
ROUNDING = 1e-5  # of a sum of weights
TINY = 1e-12  # the size of a gradient, below which it points nowhere


def mix(denoisers: Sequence[Denoiser], weights: Callable[[Level], Sequence[Weight]]) -> Denoiser:
    """The weighted mean of several predictions (DiffusionCLIP, arXiv 2110.02711, eq. 14).

    A denoiser of weight 0 is not asked. A learned variance is that of the last one asked; pulls
    are left out, so lead the mixture instead.

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


def steer(denoise: Denoiser, loss: Loss) -> Denoiser:
    """A denoiser that also descends a loss, through the network (arXiv 2105.05233, alg. 2)."""

    def steered(x: Tensor, level: Level) -> Prediction:
        pred, _, (gradient,) = _through_network(denoise, [loss], x, level)
        eps = pred.eps + level.sigma * gradient
        return replace(pred, x0=pred.x0 - level.sigma**2 / level.alpha * gradient, eps=eps)

    return steered


def lead(denoise: Denoiser, loss: Loss) -> Denoiser:
    """A denoiser that leaves the loss to `ancestral` to descend (arXiv 2105.05233, alg. 1)."""

    def led(x: Tensor, level: Level) -> Prediction:
        pred, _, (gradient,) = _through_network(denoise, [loss], x, level)
        return replace(pred, pull=-gradient)

    return led


def nudge(
    denoise: Denoiser,
    goals: Sequence[tuple[Loss, Tensor]],
    scale: float,
    *,
    exact: bool = True,
    every: int = 1,
) -> Denoiser:
    """A denoiser whose picture moves down losses, as far as it is uncertain and off the goal.

    The gradient of each inside its mask is brought to a root mean square of 1, for each picture by
    itself, and x0 moves along it by `scale * sigma * left`, where `left` is the square root of the
    loss, 1 at most: as the angle that is left, where the loss goes by the square of one, and
    nothing at the goal. It remembers the sum over goals, so make a new one for each path.

    Args:
        goals: losses (B,), 0 at the goal and 1 far from it, each with the mask in [0, 1] inside
            which it acts; it broadcasts against x.
        exact: gradients go through the network; else no further than the predicted picture, which
            takes a loss for a function of x0 alone and spares the network's way back.
        every: so many calls share their gradients, since these turn slowly.
    """
    differentiate = _through_network if exact else _at_picture
    losses, masks = [loss for loss, _ in goals], [mask for _, mask in goals]
    kept: list[Tensor] = []

    def nudged(x: Tensor, level: Level) -> Prediction:
        if level.sigma == 0:
            return denoise(x, level)
        if len(kept) % every == 0:
            pred, values, gradients = differentiate(denoise, losses, x, level)
            pushes = map(_push, values, gradients, masks)
            kept[:] = [torch.stack(list(pushes)).sum(0)]
        else:
            with torch.no_grad():
                pred = denoise(x, level)
            kept.append(kept[0])
        x0 = pred.x0 - scale * level.sigma * kept[0]
        return replace(from_x0(x, level, x0, pred.variance), pull=pred.pull)

    return nudged


def _push(value: Tensor, gradient: Tensor, mask: Tensor) -> Tensor:
    left = value.clamp(0, 1).sqrt()
    return left.view(-1, *[1] * (gradient.dim() - 1)) * unit(gradient, mask)


def unit(gradient: Tensor, mask: Tensor) -> Tensor:
    """A gradient (B, ...) inside a mask, for each picture of root mean square 1 there, or 0."""
    mask = mask.to(gradient).expand_as(gradient)
    dims = tuple(range(1, gradient.dim()))
    count = mask.sum(dims, keepdim=True).clamp(min=1e-6)
    size = ((gradient.square() * mask).sum(dims, keepdim=True) / count).sqrt()
    return gradient * mask / size.clamp(min=TINY)


def within(guided: Denoiser, plain: Denoiser, times: tuple[float, float]) -> Denoiser:
    """`guided` at levels whose time lies in [low, high], else `plain` (arXiv 2404.07724)."""
    low, high = times
    return lambda x, level: (guided if low <= level.t <= high else plain)(x, level)


def _through_network(denoise: Denoiser, losses: Sequence[Loss], x: Tensor, level: Level) -> Slopes:
    """Of one call of the network, with respect to x."""
    with torch.enable_grad():
        x = x.detach().requires_grad_()
        pred = denoise(x, level)
        values, gradients = _gradients([loss(x, pred, level) for loss in losses], x)
    return _detached(pred), values, gradients


def _at_picture(denoise: Denoiser, losses: Sequence[Loss], x: Tensor, level: Level) -> Slopes:
    """With respect to x0, all else held still."""
    with torch.no_grad():
        pred = denoise(x, level)
    with torch.enable_grad():
        x0 = pred.x0.detach().requires_grad_()
        told = replace(pred, x0=x0)
        values, gradients = _gradients([loss(x, told, level) for loss in losses], x0)
    return pred, values, gradients


def _gradients(values: Sequence[Tensor], x: Tensor) -> tuple[list[Tensor], list[Tensor]]:
    """The values and the gradient of each; what they share is kept until the last one."""
    last = len(values) - 1
    gradients = [
        torch.autograd.grad(value.sum(), x, retain_graph=i < last)[0]
        for i, value in enumerate(values)
    ]
    return [value.detach() for value in values], gradients


def _detached(pred: Prediction) -> Prediction:
    variance, pull = (p if p is None else p.detach() for p in (pred.variance, pred.pull))
    return Prediction(pred.x0.detach(), pred.eps.detach(), variance, pull)


def mapping_x0(denoise: Denoiser, change: Callable[[Tensor], Tensor]) -> Denoiser:
    """A denoiser whose predicted picture is changed, for instance clamped; eps follows."""

    def mapped(x: Tensor, level: Level) -> Prediction:
        pred = denoise(x, level)
        if level.sigma == 0:
            return replace(pred, x0=change(pred.x0))
        return replace(from_x0(x, level, change(pred.x0), pred.variance), pull=pred.pull)

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
