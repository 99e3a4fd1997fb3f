"""Two states that are walked together, in float64; others see them in the picture's own dtype."""

import torch
from torch import Tensor

from overpaint.core.prediction import Denoiser
from overpaint.core.schedule import Level
from overpaint.core.solvers import After
from overpaint.errors import OptionError
from overpaint.inversions.trajectory import Trajectory


def pair_of(trajectory: Trajectory) -> Tensor:
    """The (2, B, ...) states in which a replay begins."""
    if trajectory.pair is None:
        raise OptionError(f"a trajectory of {trajectory.inversion or 'one state'} has no pair")
    return trajectory.pair


def seeing(denoise: Denoiser, dtype: torch.dtype) -> Denoiser:
    """A denoiser of states in float64."""
    return lambda x, level: denoise(x.to(dtype), level)


def acting(after: After, dtype: torch.dtype) -> After:
    """What happens to a state in float64; a number that is left as it is keeps all its digits."""

    def act(state: Tensor, level: Level) -> Tensor:
        given = state.to(dtype)
        acted = after(given, level)
        return torch.where(acted == given, state, acted.to(state))

    return act
