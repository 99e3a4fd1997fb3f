"""Null-text inversion as published: Adam on each level's empty text (arXiv 2211.09794)."""

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from overpaint.core.prediction import Prediction
from overpaint.core.schedule import Level
from overpaint.core.watch import Watch, unwatched
from overpaint.inversions.ddim import ddim
from overpaint.inversions.leading import Fit, Move, fitted
from overpaint.inversions.source import Source
from overpaint.inversions.trajectory import Trajectory
from overpaint.models.conditions import Cond

STEPS, EPSILON, RATE = 10, 1e-5, 1e-2
SLACKER, SLOWER = 2e-5, 1 / 100  # of the bound and of the rate, with every move


def pivotal(
    source: Source,
    x0: Tensor,
    levels: Sequence[Level],
    *,
    steps: int = STEPS,
    epsilon: float = EPSILON,
    watch: Watch = unwatched,
) -> Trajectory:
    """Algorithm 1 with the authors' numbers, to compare `null_text` with; a row for each picture.

    Args:
        steps: of Adam at each level, at most.
        epsilon: mean squared error below which the first level's fit ends; later ones allow more.
    """
    pivot = ddim(source.denoise, x0, levels, ask_ahead=True, watch=watch)
    if source.empty is None or source.scale == 1:  # the empty text has no weight
        return pivot
    fit = _by_adam(source, source.empty.beside(x0), steps, epsilon)
    return fitted(source, pivot, fit, watch=watch)


def _by_adam(source: Source, empty: Cond, steps: int, epsilon: float) -> Fit:
    """Goes on at each level from the text of the last one."""
    count, text = 0, empty.text

    def fit(move: Move) -> tuple[Cond, Prediction]:
        nonlocal count, text
        bound, rate = epsilon + SLACKER * count, RATE * (1 - SLOWER * count)
        text = _descended(source, replace(empty, text=text), move, (steps, bound, rate))
        count += 1
        stands = replace(empty, text=text)
        return stands, source.guided(stands)(move.x, move.here)

    return fit


def _descended(source: Source, start: Cond, move: Move, limits: tuple[int, float, float]) -> Tensor:
    """The (B, L, D) to which Adam leads; a picture's own stops after the step below the bound."""
    (steps, bound, rate), text = limits, start.text.clone().requires_grad_()
    adam, found, open_ = torch.optim.Adam([text], rate), start.text, None
    for _ in range(steps):
        with torch.enable_grad():
            plain = source.under(replace(start, text=text))(move.x, move.here)
            losses = move.missed(move.led(plain))
            (text.grad,) = torch.autograd.grad(losses.sum(), text)
        adam.step()
        fell = losses.detach() < bound
        moving = torch.ones_like(fell) if open_ is None else open_
        found = torch.where(moving[:, None, None], text.detach(), found)
        open_ = moving & ~fell
        if not bool(open_.any()):
            break
    return found
