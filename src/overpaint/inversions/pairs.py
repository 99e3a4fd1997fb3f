"""Two states that are walked together."""

import torch
from torch import Tensor

from overpaint.core.schedule import Level
from overpaint.core.solvers import After
from overpaint.errors import OptionError
from overpaint.inversions.trajectory import Trajectory


def pair_of(trajectory: Trajectory) -> Tensor:
    """The (2, B, ...) states in which a replay begins."""
    if trajectory.pair is None:
        raise OptionError(f"a trajectory of {trajectory.inversion or 'one state'} has no pair")
    return trajectory.pair


def on_both(after: After) -> After:
    """What happens to a state, of a pair."""
    return lambda pair, level: torch.stack([after(state, level) for state in pair])


def on_newer(after: After) -> After:
    """The same, of the one that has just reached the level."""

    def act(pair: Tensor, level: Level) -> Tensor:
        return torch.stack([pair[0], after(pair[1], level)])

    return act
