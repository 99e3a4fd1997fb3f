"""Blended Diffusion: draw inside a mask what a text says, among what is kept (arXiv:2111.14818)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from overpaint.core.guidance import lead, mapping_x0, nudge, steer, within
from overpaint.core.masks import keep_outside, shrinking
from overpaint.core.prediction import Denoiser
from overpaint.core.resampling import jumping, renoising
from overpaint.core.respacing import respaced, space_timesteps
from overpaint.core.rng import NoiseStream
from overpaint.core.schedule import Level, Schedule, below
from overpaint.core.solvers import (
    StepFn,
    ancestral,
    ddim,
    dpmpp_2m,
    last,
    posterior_variance,
    solve,
)
from overpaint.errors import OptionError
from overpaint.methods.guiding import (
    FILLS,
    LOSSES,
    WARPS,
    Aim,
    Objective,
    Sight,
    Weights,
    aims,
    whole,
)
from overpaint.methods.options import opt
from overpaint.methods.prompted import SCALE, led
from overpaint.methods.registry import Outcome, Run, Task, register
from overpaint.models.bundle import DiffusionModel
from overpaint.models.clip import Clip


def _ancestral(rng: NoiseStream, levels: Sequence[Level]) -> StepFn:
    """DDPM's step; the last one counts with the variance of the step before, as the authors'."""
    least = posterior_variance(*levels[-3:-1]) if len(levels) > 2 else 0.0
    return ancestral(rng, least=least)


SOLVERS: dict[str, Callable[[NoiseStream, Sequence[Level]], StepFn]] = {
    "ddim": lambda rng, levels: ddim,
    "ancestral": _ancestral,
    "dpmpp_2m": lambda rng, levels: dpmpp_2m(),
}

GUIDES = ("model", "clip", "both")
OF_CLIP = (
    *("gradient", "smooth", "loss", "fill", "views", "every", "warp", "range_weight"),
    *("guide_from", "guide_to", "form", "clip_lambda", "mixture"),
)
IDLE = {
    "with guide=model": OF_CLIP,
    "without guide=both": ("clip_scale",),
    "with form=relative": ("clip_lambda",),
    "with form=paper": ("guidance_scale", "smooth", "every"),
    "with form=paper, guide=both": ("clip_scale", "smooth", "every"),
    "without respacing": ("skip",),
    "with respacing": ("strength", "num_inference_steps"),
}
"""Options that do nothing in a setting, by how that is told."""

SCALES = {"arc": 0.4, "cos": 0.4, "directional": 1.2}
"""The guidance of each loss: a change soon goes all of its way, a picture never is its text."""


@dataclass(frozen=True)
class Options:
    """Options of Blended Diffusion."""

    strength: float = opt(0.75, "noise level: 0 keeps the picture, 1 forgets it", 0, 1)
    num_inference_steps: int = opt(25, "network calls, without jumps", 1, 1000)
    solver: str = opt("ancestral", "how noise is removed", choices=tuple(SOLVERS))
    guide: str | None = opt(
        None,
        "what follows the text; auto: the model where it reads texts, else CLIP",
        choices=GUIDES,
    )
    guidance_scale: float | None = opt(
        None, "how far towards the text; auto: model 5, CLIP directional 1.2, else 0.4", 0, 100
    )
    clip_scale: float | None = opt(None, "CLIP's own with guide=both; auto: as above", 0, 100)
    gradient: str | None = opt(
        None,
        "through the network, or free of it; auto: paper exact, else free",
        choices=("exact", "free"),
    )
    smooth: bool = opt(True, "the text moves what the noise level leaves open, no speckles")
    loss: str | None = opt(
        None, "how CLIP compares; auto: directional from a source prompt, else arc", choices=LOSSES
    )
    fill: str = opt("context", "what CLIP is shown outside the mask", choices=FILLS)
    views: int | None = opt(None, "of each picture that CLIP sees; auto: exact 4, free 2", 1, 64)
    every: int | None = opt(None, "steps to a gradient of CLIP; auto: exact 1, free 2", 1, 100)
    warp: str = opt("gentle", "how far views depart from the picture", choices=tuple(WARPS))
    range_weight: float = opt(0.05, "of the loss of impossible colours, to CLIP's", 0, 100)
    clamp: bool = opt(False, "keep every predicted picture to possible colours")
    guide_from: float = opt(1.0, "noise level from which CLIP acts", 0, 1)
    guide_to: float = opt(0.1, "noise level down to which CLIP acts", 0, 1)
    dilate: int = opt(3, "pixels by which the mask is larger at first", 0, 64)
    jumps: int = opt(1, "times that each stretch of the path is walked, for seams", 1, 20)
    jump_length: int = opt(5, "steps in such a stretch", 1, 100)
    fresh_noise: bool = opt(True, "outside the mask, new noise at every level (as the paper)")
    form: str = opt("relative", "the guidance's, or the paper's", choices=("relative", "paper"))
    clip_lambda: float = opt(1000.0, "of CLIP's loss in the paper's form", 0, 1e6)
    mixture: bool = opt(False, "show CLIP the noisy state in part (as the authors)")
    respacing: str = opt("", 'the authors\' steps, such as "100" or "ddim50", not by strength')
    skip: int | None = opt(None, "of these, the first left out; auto: a quarter", 0, 999)

    def __post_init__(self) -> None:
        """Refuses a range without levels, and what is set but acts in another setting only."""
        if self.guide_to > self.guide_from:
            what = f"guide_to={self.guide_to:g} is above guide_from={self.guide_from:g}"
            hint = "Lower guide_to, or raise guide_from."
            raise OptionError(what, "the text would act nowhere", hint)
        if self.form == "paper" and not self.exact:
            hint = "Use form=relative."
            raise OptionError("gradient=free does not go with form=paper", hint=hint)
        for setting in self._settings:
            self._refuse_idle(setting)

    @property
    def _settings(self) -> list[str]:
        """Of IDLE, those that the options choose, whatever the model."""
        by_both = self.guide == "both"
        form = f"with form={self.form}" + (
            ", guide=both" if by_both and self.form == "paper" else ""
        )
        guide = ["with guide=model"] if self.guide == "model" else []
        guide += [] if by_both else ["without guide=both"]
        return [*guide, form, "with respacing" if self.respacing else "without respacing"]

    def _refuse_idle(self, setting: str, hint: str = "Leave it out.") -> None:
        for name in IDLE[setting]:
            if getattr(self, name) != getattr(Options, name):  # the class has the defaults
                raise OptionError(f"{name} has no effect {setting}", hint=hint)

    def guide_of(self, model: DiffusionModel) -> str:
        """What follows the text: of GUIDES."""
        guide = self.guide or ("clip" if model.text is None else "model")
        if guide == "model":
            self._refuse_idle("with guide=model", "Give -O guide=clip, or both.")
        return guide

    @property
    def exact(self) -> bool:
        """Whether gradients go through the network."""
        return (self.gradient or ("exact" if self.form == "paper" else "free")) == "exact"


@register(
    "blended",
    title="Blended Diffusion",
    paper="2111.14818",
    options=Options,
    parts=("clip",),
    regions=True,
    spares=lambda options, model: ("clip",) if options.guide_of(model) == "model" else (),
)
def blended(
    model: DiffusionModel, task: Task, options: Options, run: Run, *, clip: Clip | None = None
) -> Outcome:
    """One picture for each seed; without a text, what the model itself would draw in the mask."""
    image = task.image.repeat(len(run.seeds), 1, 1, 1)
    if options.strength == 0:
        return Outcome(image, chance=False)
    x0 = model.codec.encode(image)
    rng, levels = run.rng, levels_of(model.schedule, options)
    denoise = guided(model, task, options, rng, clip)
    after = None
    if task.mask is not None:
        mask = shrinking(task.mask, levels, options.dilate, model.codec.encode_mask)
        after = keep_outside(x0, mask, rng, fresh=options.fresh_noise)
    path = jumping(levels, options.jump_length, options.jumps)
    step = renoising(SOLVERS[options.solver](rng, levels), levels, rng)
    states = solve(denoise, levels[0].noised(x0, rng.randn_like(x0)), path, step, after)
    made = last(run.watch(states, len(path) - 1, "denoising"))
    return Outcome(model.codec.decode(made), redrawn=True)


def levels_of(schedule: Schedule, options: Options) -> list[Level]:
    """The levels down to the picture, by strength or as the authors count them."""
    if options.respacing:
        steps = len(space_timesteps(len(schedule), options.respacing))
        skip = steps // 4 if options.skip is None else options.skip  # 25 of 100, as the authors
        return respaced(schedule, options.respacing, skip)
    return schedule.path(below(schedule.time_of(options.strength), options.num_inference_steps))


def guided(
    model: DiffusionModel, task: Task, options: Options, rng: NoiseStream, clip: Clip | None
) -> Denoiser:
    """The model led by the texts: by its own reading, by CLIP between two noise levels, by both."""
    guide, scale = options.guide_of(model), options.guidance_scale
    plain: Denoiser = model
    if guide != "clip":
        plain = led(model, task, SCALE if scale is None else scale, grow=options.dilate)
        scale = options.clip_scale
    if guide == "model" or clip is None:
        return plain
    relative = options.form == "relative"
    loss = options.loss or ("directional" if relative and task.source_prompt.strip() else "arc")
    if not (wanted := aims(task, clip, loss)):
        return plain
    weight = 1.0 if relative else options.clip_lambda
    views = options.views or (4 if options.exact else 2)
    sight = Sight(rng, clip.size, views, options.warp, options.fill)
    weights = Weights(weight, weight * options.range_weight)
    shown = (task.image, whole(task), model.codec.decode)
    extras = (options.mixture, options.smooth and relative)

    def objective(*parts: Aim) -> Objective:
        return Objective(parts, sight, *shown, weights, *extras)

    if relative:
        goals = [(objective(aim), model.codec.encode_mask(aim.mask)) for aim in wanted]
        every = options.every or (1 if options.exact else 2)
        length = SCALES[loss] if scale is None else scale
        pushed = nudge(plain, goals, length, exact=options.exact, every=every)
    else:
        pushed = (lead if options.solver == "ancestral" else steer)(plain, objective(*wanted))
    low, high = (f * (len(model.schedule) - 1) for f in (options.guide_to, options.guide_from))
    denoise = within(pushed, plain, (low, high))
    return mapping_x0(denoise, lambda x0: x0.clamp(-1, 1)) if options.clamp else denoise
