"""Steepest descent of several losses at once, each with steps of its own."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

STALLED = 0.8  # share of a loss that is still there two steps later, when its descent ends


@dataclass(frozen=True, eq=False)
class Place:
    """Points (n, ...), the losses (n,), their gradients, and what else came of the points."""

    point: Tensor
    loss: Tensor
    slope: Tensor
    found: tuple[Tensor, ...] = ()

    def rows(self, index: Tensor) -> "Place":
        """Of these numbers alone."""
        found = tuple(each[index] for each in self.found)
        return Place(self.point[index], self.loss[index], self.slope[index], found)

    def replaced(self, index: Tensor, by: "Place") -> "Place":
        """With others at these numbers."""

        def put(whole: Tensor, part: Tensor) -> Tensor:
            return whole.index_copy(0, index, part)

        return Place(
            put(self.point, by.point),
            put(self.loss, by.loss),
            put(self.slope, by.slope),
            tuple(put(*each) for each in zip(self.found, by.found, strict=True)),
        )


Evaluate = Callable[[Tensor, Tensor], Place]
"""What is found at points (m, ...) that belong to the rows of these numbers (m,)."""


def descend(evaluate: Evaluate, start: Tensor, *, bound: float, steps: int) -> Place:
    """The lowest place of each row of `start` (n, ...) that steps down its slope lead to.

    The length of a step is that of Barzilai and Borwein (1988), which needs no loss but those at
    the points themselves; a step that rises is taken back, and a shorter one tried.

    Args:
        bound: a row whose loss is no more than this is left alone.
        steps: evaluations after the first, at most; a row that hardly falls ends earlier.
    """
    place = evaluate(start, torch.arange(len(start), device=start.device))
    # As long as leads to 0 where the loss is the square of a distance, and half as long for safety.
    length, losses = place.loss / _dot(place.slope, place.slope).clamp(min=1e-30), [place.loss]
    for _ in range(steps):
        going = place.loss > bound
        if len(losses) > 2:
            going &= losses[-1] <= STALLED * losses[-3]
        (rows,) = torch.where(going)
        if not len(rows):
            break
        now, far = place.rows(rows), length[rows]
        tried = evaluate((now.point - _as(now.slope, far) * now.slope).to(now.point), rows)
        fell = tried.loss < now.loss
        further = torch.where(fell, _curved(now, tried, far), _shorter(now, tried, far))
        length = length.index_copy(0, rows, further)
        place = place.replaced(rows[fell], tried.rows(fell.nonzero()[:, 0]))
        losses.append(place.loss)
    return place


def _curved(before: Place, after: Place, length: Tensor) -> Tensor:
    """The inverse of the curvature along the last step, as the slopes at its ends tell."""
    moved, turned = after.point - before.point, after.slope - before.slope
    curve = _dot(moved, turned)
    return torch.where(curve > 0, _dot(moved, moved) / curve.clamp(min=1e-30), 2 * length)


def _shorter(before: Place, after: Place, length: Tensor) -> Tensor:
    """Where the parabola through both losses, with the first one's slope, is lowest."""
    fall = length * _dot(before.slope, before.slope)
    return length * fall / 2 / (after.loss - before.loss + fall)


def _dot(a: Tensor, b: Tensor) -> Tensor:
    return (a * b).flatten(1).sum(1)


def _as(x: Tensor, each: Tensor) -> Tensor:
    return each.view(-1, *[1] * (x.ndim - 1))
