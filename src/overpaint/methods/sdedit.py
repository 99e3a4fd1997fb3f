"""SDEdit: noise a picture or a guide, and denoise it (arXiv:2108.01073)."""

from collections.abc import Callable
from dataclasses import dataclass

from overpaint.core.masks import keep_outside
from overpaint.core.rng import NoiseStream
from overpaint.core.schedule import below
from overpaint.core.solvers import (
    StepFn,
    ancestral,
    ddim,
    dpmpp_2m,
    euler_maruyama_vp,
    last,
    solve,
)
from overpaint.methods.options import opt
from overpaint.methods.registry import Outcome, Run, Task, register
from overpaint.models.bundle import DiffusionModel

SOLVERS: dict[str, Callable[[NoiseStream], StepFn]] = {
    "ddim": lambda rng: ddim,
    "ancestral": ancestral,
    "vp": euler_maruyama_vp,
    "dpmpp_2m": lambda rng: dpmpp_2m(),
}


@dataclass(frozen=True)
class Options:
    """Options of SDEdit."""

    strength: float = opt(0.5, "noise level: 0 keeps the picture, 1 forgets it", 0, 1)
    num_inference_steps: int = opt(50, "network calls for each repeat", 1, 1000)
    repeats: int = opt(1, "times the result is noised and denoised again", 1, 10)
    solver: str = opt("ancestral", "how noise is removed", choices=tuple(SOLVERS))
    fresh_noise: bool = opt(True, "outside the mask, new noise at every level (as the paper)")


@register("sdedit", title="SDEdit", paper="2108.01073", options=Options)
def sdedit(model: DiffusionModel, task: Task, options: Options, run: Run) -> Outcome:
    """One picture for each seed; with a mask only inside it."""
    image = task.image.repeat(len(run.seeds), 1, 1, 1)
    if options.strength == 0:
        return Outcome(image, chance=False)
    x0 = model.codec.encode(image)
    mask = None if task.mask is None else model.codec.encode_mask(task.mask)
    t0 = model.schedule.time_of(options.strength)
    levels = model.schedule.path(below(t0, options.num_inference_steps))
    rng, guide = run.rng, x0
    for repeat in range(options.repeats):
        after = keep_outside(x0, mask, rng, fresh=options.fresh_noise) if mask is not None else None
        noised = levels[0].noised(guide, rng.randn_like(guide))
        states = solve(model, noised, levels, SOLVERS[options.solver](rng), after)
        guide = last(run.watch(states, len(levels) - 1, label(repeat, options.repeats)))
    return Outcome(model.codec.decode(guide), redrawn=True)


def label(repeat: int, repeats: int) -> str:
    """What the progress bar says."""
    return "denoising" if repeats == 1 else f"denoising {repeat + 1} of {repeats}"
