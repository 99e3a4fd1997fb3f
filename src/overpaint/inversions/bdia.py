"""BDIA: each move is reckoned from the states on both sides of it (arXiv 2307.10829)."""

from collections.abc import Iterator, Sequence
from itertools import chain, pairwise

import torch
from torch import Tensor

from overpaint.core.prediction import Denoiser, Prediction
from overpaint.core.schedule import Level
from overpaint.core.solvers import After, StepFn, ddim, solve
from overpaint.core.watch import Watch, unwatched
from overpaint.errors import OptionError
from overpaint.inversions.pairs import acting, pair_of, seeing
from overpaint.inversions.source import Source
from overpaint.inversions.trajectory import Trajectory

GAMMA = 1.0


def bdia(
    source: Source,
    x0: Tensor,
    levels: Sequence[Level],
    *,
    gamma: float = GAMMA,
    watch: Watch = unwatched,
) -> Trajectory:
    """Inverts `x0` (B, ...) up a path under guidance, such that `replay` undoes it exactly.

    The first move is plain; the last two states are kept as a pair, in float64.

    Args:
        levels: descending, as for sampling; the picture is taken for the state at the last one.
        gamma: in (0, 1]; how much of the state two levels away goes into a move.

    Raises:
        OptionError: the path has a single move.
    """
    if len(levels) < 3:
        raise OptionError("bdia needs two moves at least", hint="Give more steps.")
    upward, denoise = levels[::-1], seeing(source.guided(), x0.dtype)
    low, first = upward[:2]
    start = x0.double()
    (moved,) = solve(denoise, start, (low, first), ask_ahead=True)
    pair = torch.stack([start, moved.double()])
    states = {low: x0, first: moved.to(x0.dtype)}
    moves = solve(_newer(denoise), pair, upward[1:], _move(upward, 1 / gamma))
    for level, pair in zip(upward[2:], watch(moves, len(upward) - 2, "inverting"), strict=True):
        states[level] = pair[1].to(x0.dtype)
    return Trajectory(states, tuple(levels), pair=pair.flip(0), settings={"gamma": gamma})


def replay(
    trajectory: Trajectory, denoise: Denoiser, after: After | None = None, *, sources: int = 0
) -> Iterator[Tensor]:
    """The states further down; the first of them is the trajectory's own, whatever the denoiser."""
    levels, gamma = trajectory.levels, trajectory.settings["gamma"]
    pair, dtype = pair_of(trajectory), trajectory.noise.dtype
    newer = None if after is None else _on_newer(acting(after, dtype))
    if newer is not None:
        pair = newer(pair, levels[1])
    ask = _newer(seeing(denoise, dtype))
    moves = solve(ask, pair, levels[1:], _move(levels, gamma), newer)
    return (pair[1].to(dtype) for pair in chain([pair], moves))


def _newer(denoise: Denoiser) -> Denoiser:
    return lambda pair, level: denoise(pair[1], level)


def _on_newer(after: After) -> After:
    return lambda pair, level: torch.stack([pair[0], after(pair[1], level)])


def _move(path: Sequence[Level], share: float) -> StepFn:
    """What the last move did is undone, as far as `share`, and the next one done.

    Down a path the share is gamma, up it 1 / gamma: then the moves are each other's inverse.
    """
    before = {here: past for past, here in pairwise(path)}

    def step(pair: Tensor, pred: Prediction, here: Level, there: Level) -> Tensor:
        past, now = pair
        undone = past - ddim(now, pred, here, before[here])
        return torch.stack([now, share * undone + ddim(now, pred, here, there)])

    return step
