"""Local CLIP-guided diffusion: a loss keeps what blending would (arXiv:2111.14818, algorithm 1).

The paper's baseline: the whole picture is drawn anew, and nothing holds the rest but its loss.
"""

from dataclasses import dataclass

from overpaint.core.guidance import lead
from overpaint.core.masks import blend
from overpaint.core.schedule import below
from overpaint.core.solvers import ancestral, last, solve
from overpaint.errors import OptionError
from overpaint.methods.guiding import FILLS, LOSSES, WARPS, Objective, Sight, Weights, aims, whole
from overpaint.methods.options import opt
from overpaint.methods.registry import Outcome, Run, Task, register
from overpaint.models.bundle import DiffusionModel
from overpaint.models.clip import Clip


@dataclass(frozen=True)
class Options:
    """Options of local CLIP-guided diffusion."""

    strength: float = opt(0.75, "noise level: 0 keeps the picture, 1 forgets it", 0, 1)
    num_inference_steps: int = opt(75, "network calls", 1, 1000)
    clip_lambda: float = opt(1000.0, "of CLIP's loss", 0, 1e6)
    background_lambda: float = opt(10000.0, "of the change outside the mask", 0, 1e6)
    range_weight: float = opt(0.05, "of the loss of impossible colours, to CLIP's", 0, 100)
    loss: str = opt("arc", "how CLIP compares", choices=LOSSES)
    fill: str = opt("grey", "what CLIP is shown outside the mask", choices=FILLS)
    views: int = opt(8, "of each picture that CLIP is shown", 1, 64)
    warp: str = opt("strong", "how far views depart from the picture", choices=tuple(WARPS))
    mixture: bool = opt(True, "show CLIP the noisy state in part (as the authors)")
    paste: bool = opt(True, "put the original back outside the mask; off shows what was kept")


@register(
    "local-clip",
    title="Local CLIP-guided diffusion",
    paper="2111.14818",
    options=Options,
    needs=("prompt",),
    parts=("clip",),
    regions=True,
)
def local_clip(
    model: DiffusionModel, task: Task, options: Options, run: Run, *, clip: Clip
) -> Outcome:
    """One picture for each seed."""
    image = task.image.repeat(len(run.seeds), 1, 1, 1)
    if options.strength == 0:
        return Outcome(image, chance=False)
    x0 = model.codec.encode(image)
    if not (wanted := aims(task, clip, options.loss)):
        raise OptionError(
            "local-clip needs a text", "no region has one", "Give one of them a text."
        )
    rng, scale = run.rng, options.clip_lambda
    sight = Sight(rng, clip.size, options.views, options.warp, options.fill)
    weights = Weights(scale, scale * options.range_weight, options.background_lambda)
    shown = (task.image, whole(task), model.codec.decode)
    loss = Objective(wanted, sight, *shown, weights, options.mixture)
    t0 = model.schedule.time_of(options.strength)
    levels = model.schedule.path(below(t0, options.num_inference_steps))
    start = levels[0].noised(x0, rng.randn_like(x0))
    states = solve(lead(model, loss), start, levels, ancestral(rng))
    images = model.codec.decode(last(run.watch(states, len(levels) - 1, "denoising")))
    if options.paste:
        images = blend(images, task.image.expand_as(images), whole(task) > 0)
    return Outcome(images, redrawn=True, whole=not options.paste)
