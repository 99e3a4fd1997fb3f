"""The way of an inverted edit: up with the model, down with another denoiser."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from torch import Tensor

from overpaint.core.masks import blend
from overpaint.core.prediction import Denoiser
from overpaint.core.rng import NoiseStream
from overpaint.core.schedule import Level, Schedule, below, by_log_snr, official
from overpaint.core.solvers import After, StepFn, ddim, dpmpp_2m, last, solve
from overpaint.core.watch import Watch, unwatched
from overpaint.inversions.registry import find
from overpaint.inversions.source import source_of
from overpaint.inversions.trajectory import Trajectory
from overpaint.methods.registry import Run
from overpaint.methods.starting import inverted
from overpaint.models.bundle import DiffusionModel

SOLVERS: Mapping[str, Callable[[], StepFn]] = {"ddim": lambda: ddim, "dpmpp_2m": dpmpp_2m}
GRIDS, SPACINGS = ("closed", "official"), ("auto", "time", "log_snr")
QUICK = 8  # steps of an inversion that only a trial needs


@dataclass(frozen=True)
class Way:
    """From the picture to noise at time t0 and back, in `steps` network calls of each."""

    t0: float
    steps: tuple[int, int]
    grid: str = "closed"
    spacing: str = "time"
    inversion: str = "ddim"
    solver: str = "ddim"

    def quick(self, t0: float) -> "Way":
        """The same from another time, with a plain and short inversion."""
        few = min(QUICK, self.steps[0])
        return replace(self, t0=t0, steps=(few, self.steps[1]), inversion="ddim")


def walk(
    model: DiffusionModel,
    source: Tensor,
    denoise: Denoiser,
    way: Way,
    mask: Tensor | None = None,
    watch: Watch = unwatched,
    *,
    kept: Trajectory | None = None,
) -> Tensor:
    """`source` (B, ...) inverted with `model` and generated with `denoise`; mask: in its space.

    kept: a trajectory in place of the inversion.

    A tied inversion has but one way down: over its own levels, by its own step.
    """
    up, down = grids(model.schedule, way.t0, way.steps, grid=way.grid, spacing=way.spacing)
    inversion = find(way.inversion)
    asked = source_of(model, rng=NoiseStream(range(len(source))))
    run = Run(watch=watch)
    trajectory = inverted(model, asked, source, up, inversion=inversion, run=run, kept=kept)
    after = None if mask is None else keep_inverted(trajectory, source, mask)
    if inversion.tied:
        states, moves = inversion.replay(trajectory, denoise, after), len(up) - 1
    else:
        states = solve(denoise, trajectory.noise, down, SOLVERS[way.solver](), after)
        moves = len(down) - 1
    return last(watch(states, moves, "editing"))


def grids(
    schedule: Schedule,
    t0: float,
    steps: tuple[int, int],
    *,
    grid: str = "closed",
    spacing: str = "time",
) -> tuple[list[Level], list[Level]]:
    """Descending levels of the inversion and of the generation, in `steps` of each.

    The official grid takes the picture for the state at time 0 in the inversion, yet ends the
    generation on alpha-bar 1, so its pair does not close.

    spacing: of the generation's levels; those of the inversion are even in time.
    """
    inversion, generation = steps
    if grid == "official":
        up: Sequence[float] = official(round(t0), inversion)
        down: Sequence[float] = [*official(round(t0), generation), -1]
    else:
        up, down = below(t0, inversion), below(t0, generation)
    if spacing == "log_snr":
        down = by_log_snr(schedule, t0, generation)
    return schedule.path(up), schedule.path(down)


def keep_inverted(trajectory: Trajectory, x0: Tensor, mask: Tensor) -> After:
    """Outside the mask, the inverted picture's own state, also between the levels it visited.

    Grey is drawn, as in `keep_outside`.
    """
    noisy = [level for level in trajectory.levels if level.sigma > 0]

    def after(x: Tensor, level: Level) -> Tensor:
        if level.sigma == 0:
            return blend(x, x0, mask > 0)
        near = min(noisy, key=lambda other: abs(other.t - level.t))
        eps = (trajectory.states[near] - near.alpha * x0) / near.sigma
        return blend(x, level.noised(x0, eps), mask > 0)

    return after
