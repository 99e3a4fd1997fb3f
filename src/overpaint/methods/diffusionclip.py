"""DiffusionCLIP: invert with the model, generate with its tuned twin (arXiv:2110.02711)."""

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from overpaint.core.guidance import mix
from overpaint.core.masks import blend
from overpaint.core.prediction import Denoiser
from overpaint.core.schedule import Level, NoiseSchedule, below, official
from overpaint.core.solvers import After, last, solve
from overpaint.errors import OptionError
from overpaint.inversions.ddim import Trajectory, ddim
from overpaint.methods.bridging import bridge, is_strange
from overpaint.methods.options import opt, parse_fields
from overpaint.methods.registry import Outcome, Run, Task, register
from overpaint.models.bundle import DiffusionModel
from overpaint.models.control import Adapter, adapted

BRIDGE = 0.5  # strength, at least, with which a strange picture is noised
COUNTS = ("num_inversion_steps", "num_inference_steps")
STEPS = 40  # network calls of inversion and generation where neither options nor card say


@dataclass(frozen=True)
class Options:
    """Options of DiffusionCLIP."""

    strength: float | None = opt(None, "noise level to return to; auto: as tuned", 0, 1)
    num_inversion_steps: int | None = opt(
        None, "network calls from the picture to noise; auto: as tuned", 1, 1000
    )
    num_inference_steps: int | None = opt(
        None, "network calls from noise to the result; auto: as tuned", 1, 1000
    )
    degree: float = opt(1.0, "of change: 0 as untuned, 1 as tuned, more exaggerates", 0, 1.5)
    bridge: str = opt(
        "auto", "first draw a picture of another kind anew", choices=("auto", "on", "off")
    )
    bridge_repeats: int = opt(1, "times it is drawn anew", 1, 8)
    bridge_steps: int = opt(40, "network calls of each time", 1, 1000)
    grid: str = opt("closed", "times visited", choices=("closed", "official"))


@register(
    "diffusionclip",
    title="DiffusionCLIP",
    paper="2110.02711",
    options=Options,
    needs=("prompt",),
    parts=("adapter",),
)
def diffusionclip(
    model: DiffusionModel, task: Task, options: Options, run: Run, *, adapter: Adapter
) -> Outcome:
    """One picture for each seed; they differ only where a bridge was needed."""
    x0 = model.codec.encode(task.image)
    t0 = return_time(model.schedule, options, adapter)
    if t0 == 0:
        return Outcome(_each(model, x0, run))
    bridged = options.bridge == "on" or (options.bridge == "auto" and is_strange(model, x0))
    steps = step_counts(options, adapter)
    source = x0
    if bridged:
        start = x0.repeat(len(run.seeds), 1, 1, 1)
        noisy = max(t0, model.schedule.time_of(BRIDGE))
        often, few = options.bridge_repeats, options.bridge_steps
        source = bridge(model, start, noisy, steps=few, repeats=often, run=run)
    up, down = grids(model.schedule, t0, steps, grid=options.grid)
    trajectory = ddim(model, source, up, watch=run.watch)
    mask = None if task.mask is None else model.codec.encode_mask(task.mask)
    after = None if mask is None else keep_inverted(trajectory, source, mask)
    denoise = to_degree(model, adapted(model, adapter), options.degree)
    states = solve(denoise, trajectory.noise, down, after=after)
    result = last(run.watch(states, len(down) - 1, "editing"))
    if mask is not None:
        result = blend(result, x0, mask)
    chosen = {**dict(zip(COUNTS, steps, strict=True)), "bridge": "on" if bridged else "off"}
    return Outcome(_each(model, result, run), redrawn=bridged, chosen=chosen)


def step_counts(options: Options, adapter: Adapter) -> tuple[int, int]:
    """Network calls of inversion and generation: those asked for, or those it was tuned with.

    A chain of a few steps that was tuned as a whole is best in just as many: with more, each step
    adds what the few had to do at once. From another noise level, or on the official grid, 40.
    """
    asked = {name: getattr(options, name) for name in COUNTS}
    if options.strength is None and options.grid == "closed":
        tuned = {name: adapter.card.get(name) for name in COUNTS if asked[name] is None}
        known = parse_fields(Options, tuned, "The adapter's card")
        asked |= {name: getattr(known, name) for name in tuned}
    inversion, generation = (asked[name] or STEPS for name in COUNTS)
    if options.grid == "official" and 1 in (inversion, generation):
        raise OptionError("the official grid visits two times at least, so 1 step is too few")
    return inversion, generation


def return_time(schedule: NoiseSchedule, options: Options, adapter: Adapter) -> float:
    """The time t0 to which the picture is noised; 0 means that nothing is to be done."""
    if options.strength is None:
        return float(adapter.card.get("t0", (len(schedule) - 1) / 2))
    return schedule.time_of(options.strength) if options.strength > 0 else 0.0


def grids(
    schedule: NoiseSchedule, t0: float, steps: tuple[int, int], *, grid: str = "closed"
) -> tuple[list[Level], list[Level]]:
    """Descending levels of the inversion and of the generation, in `steps` of each.

    The official grid takes the picture for the state at time 0 in the inversion, yet ends the
    generation on alpha-bar 1, so its pair does not close.
    """
    inversion, generation = steps
    if grid == "official":
        up: Sequence[float] = official(round(t0), inversion)
        down: Sequence[float] = [*official(round(t0), generation), -1]
    else:
        up, down = below(t0, inversion), below(t0, generation)
    return schedule.path(up), schedule.path(down)


def to_degree(base: Denoiser, tuned: Denoiser, degree: float) -> Denoiser:
    """The noise of both, `degree` of the tuned one's (equation 14)."""
    return mix([base, tuned], lambda level: (1 - degree, degree))


def keep_inverted(trajectory: Trajectory, x0: Tensor, mask: Tensor) -> After:
    """Outside the mask, the inverted picture's own state, also between the levels it visited."""
    noisy = [level for level in trajectory.levels if level.sigma > 0]

    def after(x: Tensor, level: Level) -> Tensor:
        if level.sigma == 0:
            return blend(x, x0, mask)
        near = min(noisy, key=lambda other: abs(other.t - level.t))
        eps = (trajectory.states[near] - near.alpha * x0) / near.sigma
        return blend(x, level.noised(x0, eps), mask)

    return after


def _each(model: DiffusionModel, x0: Tensor, run: Run) -> Tensor:
    """The picture of each seed."""
    return model.codec.decode(x0).expand(len(run.seeds), -1, -1, -1).contiguous()
