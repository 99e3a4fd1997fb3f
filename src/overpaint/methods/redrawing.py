"""A guide noised and denoised, in a manner that was asked for (SDEdit, arXiv 2108.01073)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from torch import Tensor

from overpaint.core.exploding import exploding, exploding_path
from overpaint.core.masks import graded, keep_outside
from overpaint.core.prediction import Denoiser
from overpaint.core.rng import NoiseStream
from overpaint.core.schedule import Level, Schedule, below
from overpaint.core.solvers import (
    StepFn,
    ancestral,
    ddim,
    dpmpp_2m,
    euler_maruyama_ve,
    euler_maruyama_vp,
    last,
    solve,
)
from overpaint.core.watch import Watch, unwatched

SOLVERS: Mapping[str, Callable[[NoiseStream], StepFn]] = {
    "ancestral": ancestral,
    "vp": euler_maruyama_vp,
    "ve": euler_maruyama_ve,
    "ddim": lambda rng: ddim,
    "dpmpp_2m": lambda rng: dpmpp_2m(),
}
MASKS = ("blend", "strength")


@dataclass(frozen=True)
class Manner:
    """How a guide is drawn anew; `solver` and `mask_as` are of SOLVERS and MASKS."""

    steps: int = 50  # network calls of each repeat
    repeats: int = 1
    solver: str = "ancestral"
    mask_as: str = "blend"  # a grey mask mixes pictures, or is how strongly each pixel may change
    fresh_noise: bool = True

    @property
    def exploding(self) -> bool:
        """Whether states are x0 + sigma * eps."""
        return self.solver == "ve"

    def levels(self, schedule: Schedule, strength: float) -> list[Level]:
        """`steps` moves from the noise at that fraction in (0, 1] of the path to the picture."""
        t0 = schedule.time_of(strength)
        if self.exploding:
            return exploding_path(schedule, t0, self.steps)
        return schedule.path(below(t0, self.steps))

    def denoiser(self, denoise: Denoiser, schedule: Schedule) -> Denoiser:
        """What denoises those levels, out of what denoises the schedule's."""
        return exploding(denoise, schedule) if self.exploding else denoise


def redrawn(
    denoise: Denoiser,
    guide: Tensor,
    levels: Sequence[Level],
    *,
    manner: Manner,
    rng: NoiseStream,
    mask: Tensor | None = None,
    watch: Watch = unwatched,
) -> Tensor:
    """`guide` (B, ...) noised to the first of `levels` and denoised, as often as the manner says.

    denoise: see `Manner.denoiser`. mask: in the guide's space; where it is 0 the guide stays.
    """
    x0 = guide
    for repeat in range(manner.repeats):
        after = None
        if mask is not None and manner.mask_as == "strength":
            after = keep_outside(guide, graded(mask, levels[0].t), rng, fresh=manner.fresh_noise)
        elif mask is not None:
            after = keep_outside(x0, mask, rng, fresh=manner.fresh_noise)
        noised = levels[0].noised(guide, rng.randn_like(guide))
        states = solve(denoise, noised, levels, SOLVERS[manner.solver](rng), after)
        guide = last(watch(states, len(levels) - 1, _label(repeat, manner.repeats)))
    return guide


def _label(repeat: int, repeats: int) -> str:
    """What the progress bar says."""
    return "denoising" if repeats == 1 else f"denoising {repeat + 1} of {repeats}"
