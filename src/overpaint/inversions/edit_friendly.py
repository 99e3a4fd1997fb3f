"""Edit-friendly DDPM inversion: noise maps that hold the picture (arXiv 2304.06140)."""

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise

import torch
from torch import Tensor

from overpaint.core.prediction import Denoiser, Prediction
from overpaint.core.schedule import Level
from overpaint.core.solvers import After, posterior_variance, solve
from overpaint.core.watch import Watch, unwatched
from overpaint.inversions.source import Source
from overpaint.inversions.trajectory import Trajectory
from overpaint.memory import ran_out
from overpaint.models.portions import SHARE, Portions, free_memory

ETA = 1.0
MOST = 64  # rows at once; more are not faster
TAKEN = 4000  # times its own size a row takes in a network, about


def edit_friendly(
    source: Source,
    x0: Tensor,
    levels: Sequence[Level],
    *,
    eta: float = ETA,
    published: bool = False,
    watch: Watch = unwatched,
) -> Trajectory:
    """Inverts `x0` (B, ...) by noise drawn anew at each level, and what each move down lacks then.

    The states do not depend on each other, so that the network is asked about many levels in one
    call; `noises` is what leads from one to the next.

    Args:
        levels: descending, as for sampling; the picture is taken for the state at the last one.
        eta: of the noise; 0 is DDIM, whose moves are then put right, 1 is DDPM.
        published: as the authors' code, which takes eta for its square and drops the last noise,
            so that the picture itself is not exact.
    """
    upward = levels[::-1]
    states = {upward[0]: x0}
    for level in upward[1:]:
        states[level] = level.noised(x0, source.rng.randn_like(x0))
    room = eta if published else eta**2
    noises = {}
    with torch.no_grad():
        asked = watch(_asked(source, states, levels[:-1]), len(levels) - 1, "inverting")
        for (here, there), pred in zip(pairwise(levels), asked, strict=True):
            noises[here] = states[there] - _mean(pred, here, there, room)
    if published:
        noises[levels[-2]] = torch.zeros_like(x0)
    return Trajectory(states, tuple(levels), noises=noises, settings={"room": room})


def replay(
    trajectory: Trajectory, denoise: Denoiser, after: After | None = None, *, sources: int = 0
) -> Iterator[Tensor]:
    """The states further down, each with the trajectory's own noise."""
    room = trajectory.settings["room"]

    def step(x: Tensor, pred: Prediction, here: Level, there: Level) -> Tensor:
        return _mean(pred, here, there, room) + trajectory.noises[here]

    return solve(denoise, trajectory.noise, trajectory.levels, step, after)


def _mean(pred: Prediction, here: Level, there: Level, room: float) -> Tensor:
    """The mean of the state `there` (arXiv 2010.02502, eq. 12), with room for noise."""
    spread = room * posterior_variance(here, there)
    rest = math.sqrt(max(there.sigma**2 - spread, 0.0))
    return there.alpha * pred.x0 + rest * pred.eps


def _asked(
    source: Source, states: dict[Level, Tensor], levels: Sequence[Level]
) -> Iterator[Prediction]:
    """What the network says about the state at each level, of as many at once as memory holds."""
    x = states[levels[0]]
    portions, done = _portions(x, len(levels)), 0
    while done < len(levels):
        now = levels[done : done + (portions.size or portions.whole)]
        try:
            found = source.guided_at(torch.cat([states[level] for level in now]), now)
        except Exception as error:
            if ran_out(error) and portions.halve():
                continue
            raise
        yield from (Prediction(*rows) for rows in _chunks(found, len(now)))
        done += len(now)


def _portions(x: Tensor, count: int) -> Portions:
    """How many of `count` levels are asked about at once, for guided states `x` (B, ...)."""
    taken = 2 * len(x) * TAKEN * x[0].numel() * x.element_size()
    room = SHARE * free_memory(x.device) / taken
    return Portions(count, max(1, min(int(room), MOST // (2 * len(x)), count)), found=True)


def _chunks(pred: Prediction, count: int) -> Iterator[tuple[Tensor, Tensor]]:
    return zip(pred.x0.chunk(count), pred.eps.chunk(count), strict=True)
