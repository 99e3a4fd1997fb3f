"""Direct inversion: the pictures' own rows are put back at each level (arXiv 2310.01506)."""

from collections.abc import Iterator

import torch
from torch import Tensor

from overpaint.core.prediction import Denoiser
from overpaint.core.schedule import Level
from overpaint.core.solvers import After, solve
from overpaint.inversions.trajectory import Trajectory


def replay(
    trajectory: Trajectory, denoise: Denoiser, after: After | None = None, *, sources: int = 0
) -> Iterator[Tensor]:
    """Samples down with the first `sources` rows at the trajectory's own states, then `after`.

    The paper adds the difference of state and prediction to these rows; whatever was
    predicted, the sum is the state. So nothing is asked where there are no other rows.
    """
    states = trajectory.states

    def pinned(x: Tensor, level: Level) -> Tensor:
        x = torch.cat([states[level][:sources], x[sources:]])
        return x if after is None else after(x, level)

    if sources >= len(trajectory.noise):
        return (pinned(states[level], level) for level in trajectory.levels[1:])
    return solve(denoise, trajectory.noise, trajectory.levels, after=pinned)
