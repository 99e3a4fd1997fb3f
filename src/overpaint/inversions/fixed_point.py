"""Inversion whose every move is solved, so that the way back retraces it (ICCV 2023, AIDI)."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

import torch
from torch import Tensor

from overpaint.core.prediction import Denoiser, from_eps
from overpaint.core.schedule import Level
from overpaint.core.solvers import ddim
from overpaint.core.watch import Watch, unwatched
from overpaint.inversions.trajectory import Trajectory

ITERATIONS = 2  # the error falls to a quarter with the first, to a tenth with the second


def fixed_point(
    denoise: Denoiser,
    x0: Tensor,
    levels: Sequence[Level],
    *,
    iterations: int = ITERATIONS,
    watch: Watch = unwatched,
) -> Trajectory:
    """Inverts `x0` (B, ...) up a path such that `ddim` comes back over the same states.

    A move up from x solves y = a x + b eps(y), with eps asked at the level gone to (AIDI,
    arXiv 2309.04907, eq. 8; ReNoise, arXiv 2403.14602, eq. 5), by repeated substitution. It starts
    from the step that plain inversion would take, with the noise last predicted at x. A picture for
    which the residual rises keeps that step.

    Args:
        levels: descending, as for sampling; the picture is taken for the state at the last one.
        iterations: network calls for a move, 1 or more; one more is made at the picture itself.
    """
    upward, residuals = levels[::-1], list[Tensor]()
    with torch.no_grad():
        moves = _moves(denoise, x0, upward, iterations, residuals)
        visited = [x0, *watch(moves, len(upward) - 1, "inverting")]
    states = dict(zip(upward, visited, strict=True))
    return Trajectory(states, tuple(levels), float(torch.stack(residuals).max()))


def _moves(
    denoise: Denoiser,
    x: Tensor,
    upward: Sequence[Level],
    iterations: int,
    residuals: list[Tensor],
) -> Iterator[Tensor]:
    """The states at upward[1:]; puts what each leaves unsolved (B,) into `residuals`."""
    eps = denoise(x, upward[0]).eps
    for here, there in pairwise(upward):
        plain = y = ddim(x, from_eps(x, here, eps), here, there)
        apart = []
        for _ in range(iterations):
            eps = denoise(y, there).eps
            further = ddim(x, from_eps(x, here, eps), here, there)
            apart.append((further - y).flatten(1).square().mean(1).sqrt())
            y = further
        risen = ~(apart[-1] <= apart[0])  # also where it is no number
        residuals.append(torch.where(risen, apart[0], apart[-1]))
        x = torch.where(risen.view(-1, *[1] * (x.ndim - 1)), plain, y)
        yield x
