"""Texts in place of the empty one, fitted so that guidance retraces a path (arXiv 2211.09794)."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise

import torch
from torch import Tensor

from overpaint.core.prediction import Prediction
from overpaint.core.schedule import Level
from overpaint.core.solvers import ddim, last, solve
from overpaint.core.watch import Watch, unwatched
from overpaint.inversions.source import Source
from overpaint.inversions.trajectory import Trajectory
from overpaint.models.conditions import Cond


@dataclass(frozen=True, eq=False)
class Move:
    """A guided move down, from `x` (B, ...) to what it should reach."""

    x: Tensor
    here: Level
    there: Level
    told: Prediction  # under the pictures' text
    target: Tensor
    scale: float

    def led(self, plain: Prediction) -> Prediction:
        """The guided prediction, `plain` being that under what stands for the empty text."""
        rest, told = 1 - self.scale, self.told
        x0, eps = (told.x0, plain.x0), (told.eps, plain.eps)
        return Prediction(*(self.scale * far + rest * near for far, near in (x0, eps)))

    def missed(self, pred: Prediction) -> Tensor:
        """(B,) mean squared distance from the target of where a prediction leads."""
        reached = ddim(self.x, pred, self.here, self.there)
        return (reached - self.target).square().flatten(1).mean(1)

    def rows(self, index: Tensor) -> "Move":
        """Of these pictures alone."""
        told = Prediction(self.told.x0[index], self.told.eps[index])
        return replace(self, x=self.x[index], told=told, target=self.target[index])


Fit = Callable[[Move], tuple[Cond, Prediction]]
"""What stands for the empty text in a move, and the guided prediction with it."""


def fitted(source: Source, pivot: Trajectory, fit: Fit, *, watch: Watch = unwatched) -> Trajectory:
    """The pivot with a text for each of its levels, found on the way down from its noise.

    Each move begins where the last one led, and aims at the pivot's own state.
    """
    there_of, empties, missed = dict(pairwise(pivot.levels)), dict[Level, Cond](), list[Tensor]()

    def denoise(x: Tensor, here: Level) -> Prediction:
        there = there_of[here]
        target, told = pivot.states[there], source.denoise(x, here)
        move = Move(x, here, there, told, target, source.scale)
        empties[here], pred = fit(move)
        missed.append(move.missed(pred).max())
        return pred

    with torch.no_grad():
        moves = solve(denoise, pivot.noise, pivot.levels)
        last(watch(moves, len(pivot.levels) - 1, "fitting"))
    return replace(pivot, empties=empties, residual=float(torch.stack(missed).max().sqrt()))
