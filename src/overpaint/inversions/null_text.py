"""Null-text inversion: texts that make guidance retrace the pictures' path (arXiv 2211.09794).

The published algorithm (`pivotal`) descends from the empty text at each level. Here the pivot
is refined, fitting starts at the pictures' own text, for which guidance cancels, and only what
drifts off the pivot by more than a bound is fitted at all.
"""

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from overpaint.core.prediction import Prediction
from overpaint.core.schedule import Level
from overpaint.core.watch import Watch, unwatched
from overpaint.inversions.descending import Place, descend
from overpaint.inversions.fixed_point import fixed_point
from overpaint.inversions.leading import Fit, Move, fitted
from overpaint.inversions.source import Source
from overpaint.inversions.trajectory import Trajectory
from overpaint.models.conditions import Cond

BOUND = 1e-5  # mean squared error that is left alone: the published one of the first level
STEPS = 10  # of descent at a level, at most
LOUDER = 2.0**14  # of a loss on its way back, whose gradients half precision would lose


def null_text(
    source: Source,
    x0: Tensor,
    levels: Sequence[Level],
    *,
    bound: float = BOUND,
    steps: int = STEPS,
    watch: Watch = unwatched,
) -> Trajectory:
    """Inverts `x0` (B, ...) unguided, then fits what stands at each level for the empty text.

    The pivot is that of `fixed_point` with as many calls as plain inversion takes, and one.

    Args:
        levels: descending, as for sampling; the picture is taken for the state at the last one.
        bound: mean squared distance from the pivot up to which a picture's text is not fitted.
        steps: of descent at each level, at most; each takes a call and its gradient.
    """
    pivot = fixed_point(source.denoise, x0, levels, iterations=1, watch=watch)
    if source.text is None or source.scale == 1:  # the empty text has no weight
        return pivot
    fit = _fitting(source, source.text.beside(x0), bound, steps)
    return fitted(source, pivot, fit, watch=watch)


def _fitting(source: Source, own: Cond, bound: float, steps: int) -> Fit:
    """Keeps the pictures' own text where that will do, else goes on from the last level's."""
    before = own

    def fit(move: Move) -> tuple[Cond, Prediction]:
        nonlocal before
        missed = move.missed(move.told)
        (rows,) = torch.where(missed > bound)
        if not len(rows):
            before = own
            return own, move.told
        part, told = move.rows(rows), own.rows(rows.tolist())

        def evaluate(text: Tensor, some: Tensor) -> Place:
            return _at(source, part.rows(some), replace(told.rows(some.tolist()), text=text))

        place = descend(evaluate, before.text[rows], bound=bound, steps=steps)
        place = place.rows(better := (place.loss < missed[rows]).nonzero()[:, 0])
        rows = rows[better]
        before = replace(own, text=own.text.index_copy(0, rows, place.point))
        both = zip((move.told.x0, move.told.eps), place.found, strict=True)
        plain = Prediction(*(whole.index_copy(0, rows, found) for whole, found in both))
        return before, move.led(plain)

    return fit


def _at(source: Source, move: Move, cond: Cond) -> Place:
    """How far from its target a text leads each picture, by which slope, and the prediction."""
    with torch.enable_grad():
        text = cond.text.clone().requires_grad_()
        plain = source.under(replace(cond, text=text))(move.x, move.here)
        loss = move.missed(move.led(plain))
        (slope,) = torch.autograd.grad(loss.sum() * LOUDER, text)
    return Place(
        text.detach(), loss.detach(), slope / LOUDER, (plain.x0.detach(), plain.eps.detach())
    )
