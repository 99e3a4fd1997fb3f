"""EDICT: two coupled states, either of which undoes the other's move (arXiv 2211.12446)."""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from overpaint.core.prediction import Denoiser, Prediction
from overpaint.core.schedule import Level
from overpaint.core.solvers import After, StepFn, solve
from overpaint.core.watch import Watch, unwatched
from overpaint.errors import OptionError
from overpaint.inversions.pairs import acting, pair_of, seeing
from overpaint.inversions.source import Source
from overpaint.inversions.trajectory import Trajectory

MIX = 0.93  # p of the paper: how much of itself a state keeps when both are mixed


def edict(
    source: Source,
    x0: Tensor,
    levels: Sequence[Level],
    *,
    mix: float = MIX,
    watch: Watch = unwatched,
) -> Trajectory:
    """Inverts `x0` (B, ...) up a path under guidance, such that `replay` undoes it exactly.

    The pair is kept in float64: its mixing is undone by a division by p, which multiplies rounding
    with every move.

    Args:
        levels: descending, as for sampling; the picture is taken for the state at the last one.
        mix: p in (0, 1].

    Raises:
        OptionError: the path begins at pure noise.
    """
    if levels[0].alpha == 0:
        what, why = "edict cannot begin at pure noise", "its move divides by the signal there"
        raise OptionError(what, why, "Give a strength below 1.")
    upward, denoise = levels[::-1], seeing(source.guided(), x0.dtype)

    def ask(pair: Tensor, level: Level) -> Prediction:
        """The call that a move down ends with, which is the first to be undone."""
        return denoise(_apart(pair, mix)[0], level)

    pair = torch.stack([x0, x0]).double()
    moves = solve(ask, pair, upward, _up(denoise, mix), ask_ahead=True)
    states = {upward[0]: x0}
    for level, pair in zip(upward[1:], watch(moves, len(upward) - 1, "inverting"), strict=True):
        states[level] = pair.mean(0).to(x0.dtype)
    return Trajectory(states, tuple(levels), pair=pair, settings={"mix": mix})


def replay(
    trajectory: Trajectory, denoise: Denoiser, after: After | None = None, *, sources: int = 0
) -> Iterator[Tensor]:
    """The mean of both states at each level further down; `after` acts on both."""
    mix, dtype = trajectory.settings["mix"], trajectory.noise.dtype
    denoise = seeing(denoise, dtype)

    def ask(pair: Tensor, level: Level) -> Prediction:
        return denoise(pair[1], level)

    both = None if after is None else _on_both(acting(after, dtype))
    moves = solve(ask, pair_of(trajectory), trajectory.levels, _down(denoise, mix), both)
    return (pair.mean(0).to(dtype) for pair in moves)


def _down(denoise: Denoiser, mix: float) -> StepFn:
    """Each state takes the noise that is predicted at the other; then they are mixed.

    They change places, since the paper begins with the other one every other move.
    """

    def step(pair: Tensor, pred: Prediction, here: Level, there: Level) -> Tensor:
        keep, add = _factors(here, there)
        x = keep * pair[0] + add * pred.eps
        y = keep * pair[1] + add * denoise(x, here).eps
        x = mix * x + (1 - mix) * y
        y = mix * y + (1 - mix) * x
        return torch.stack([y, x])

    return step


def _up(denoise: Denoiser, mix: float) -> StepFn:
    """The same undone, last things first."""

    def step(pair: Tensor, pred: Prediction, here: Level, there: Level) -> Tensor:
        keep, add = _factors(there, here)
        x, y = _apart(pair, mix)
        y = (y - add * pred.eps) / keep
        x = (x - add * denoise(y, there).eps) / keep
        return torch.stack([x, y])

    return step


def _apart(pair: Tensor, mix: float) -> tuple[Tensor, Tensor]:
    """Both states as they were before they changed places and were mixed."""
    y, x = pair
    y = (y - (1 - mix) * x) / mix
    return (x - (1 - mix) * y) / mix, y


def _on_both(after: After) -> After:
    return lambda pair, level: torch.stack([after(state, level) for state in pair])


def _factors(here: Level, there: Level) -> tuple[float, float]:
    """A and B of the move x -> A x + B eps (arXiv 2010.02502, eq. 12 with sigma = 0)."""
    keep = there.alpha / here.alpha
    return keep, there.sigma - keep * here.sigma
