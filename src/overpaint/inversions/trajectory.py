"""The way from a picture to noise, kept so that it can be walked back."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from torch import Tensor

from overpaint.core.prediction import Denoiser
from overpaint.core.schedule import Level
from overpaint.core.solvers import After, StepFn, ddim, solve


@dataclass(frozen=True, eq=False)
class Trajectory:
    """The states (B, ...) of an inverted picture; `levels` descend, as for sampling."""

    states: Mapping[Level, Tensor]
    levels: tuple[Level, ...]
    residual: float | None = None  # largest root mean square by which a move up was not solved

    @property
    def noise(self) -> Tensor:
        """The state at the noisiest level, where a replay begins."""
        return self.states[self.levels[0]]


def replay(
    trajectory: Trajectory, denoise: Denoiser, after: After | None = None, step: StepFn = ddim
) -> Iterator[Tensor]:
    """Samples down the trajectory's levels from its noise, under this or another denoiser."""
    return solve(denoise, trajectory.noise, trajectory.levels, step, after)
