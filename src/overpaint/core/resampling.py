"""Jumps back up the path, which join what is drawn with what is kept (RePaint, arXiv 2201.09865).

path = jumping(levels, length=10, times=10)
states = solve(denoise, x, path, renoising(step, levels, rng), after)
"""

import math
from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor

from overpaint.core.prediction import Prediction
from overpaint.core.rng import NoiseStream
from overpaint.core.schedule import Level
from overpaint.core.solvers import StepFn
from overpaint.errors import OptionError


def jumping(levels: Sequence[Level], length: int, times: int) -> list[Level]:
    """A path in which every stretch of `length` moves is walked `times` times before going on.

    Stretches are counted from the last noisy level upwards, as in the authors' code; what is left
    at the start, and the move to the last level, is walked once. The network is asked once for
    each move, so that with n moves in `levels` it is asked
    `n + (times - 1) * length * ((n - 1) // length)` times.

    Args:
        levels: a descending path.
        length: at least 1 (j in the paper). times: at least 1 (r in the paper), which is `levels`.
    """
    if length < 1 or times < 1:
        raise OptionError(f"length and times must be at least 1, got {length} and {times}")
    ends = range(len(levels) - 2, length - 1, -length)
    path: list[Level] = []
    for place, level in enumerate(levels):
        if place in ends:
            path += [*levels[place - length : place]] * (times - 1)
        path.append(level)
    return path


def renoising(step: StepFn, levels: Sequence[Level], rng: NoiseStream) -> StepFn:
    """A step for the path `jumping(levels, ...)`: noise is added again where it does not lead down.

    Such a move first goes down to the level that follows in `levels`, and from there up by the
    forward process; no call of the network is spent on the way up.
    """
    following = dict(pairwise(levels))

    def stepped(x: Tensor, pred: Prediction, here: Level, there: Level) -> Tensor:
        if there.log_snr > here.log_snr:
            return step(x, pred, here, there)
        below = following[here]
        return renoised(step(x, pred, here, below), below, there, rng)

    return stepped


def renoised(x: Tensor, here: Level, there: Level, rng: NoiseStream) -> Tensor:
    """The state at `there`, up the path, that the forward process makes of `x` at `here`."""
    kept = there.alpha / here.alpha
    added = there.sigma**2 - (kept * here.sigma) ** 2
    if added < 0:
        raise OptionError("noise is added up the path only")
    return kept * x + math.sqrt(added) * rng.randn_like(x)
