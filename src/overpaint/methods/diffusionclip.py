"""DiffusionCLIP: invert with the model, generate with its tuned twin (arXiv:2110.02711)."""

from dataclasses import replace
from typing import Any

from torch import Tensor

from overpaint.core.masks import blend as keep
from overpaint.core.prediction import Denoiser
from overpaint.core.watch import Watch, unwatched
from overpaint.errors import OptionError
from overpaint.inversions.trajectory import Trajectory
from overpaint.methods.bridging import bridge, is_strange
from overpaint.methods.combining import Blend, as_blend, combined
from overpaint.methods.plans import COUNTS, Options, return_time, way_of
from overpaint.methods.registry import Outcome, Run, Task, register
from overpaint.methods.strength import AUTO, Scorer, Wish, searched
from overpaint.methods.walking import Way, walk
from overpaint.models.bundle import DiffusionModel
from overpaint.models.control import Adapter

__all__ = ["Options", "denoiser", "diffusionclip"]
HALF = 0.5  # of the path, from which, at least, a strange picture is drawn anew


@register(
    "diffusionclip",
    title="DiffusionCLIP",
    paper="2110.02711",
    options=Options,
    needs=("prompt",),
    parts=("adapter",),
    extra=lambda options: ("scorer",) if options.t0 == AUTO else (),
    settles=("t0", "bridge"),
    inverts=True,
)
def diffusionclip(
    model: DiffusionModel,
    task: Task,
    options: Options,
    run: Run,
    *,
    adapter: Adapter | Blend,
    scorer: Scorer | None = None,
    trajectory: Trajectory | None = None,
) -> Outcome:
    """One picture for each seed; they differ only where a bridge was needed."""
    x0, blend = model.codec.encode(task.image), as_blend(adapter)
    t0 = return_time(model.schedule, options, blend)
    if t0 == 0:
        return Outcome(_each(task.image, run), chance=False)
    bridged = options.bridge == "on" or (options.bridge == "auto" and is_strange(model, x0))
    noisy = options.bridge_strength or max(HALF, t0 / (len(model.schedule) - 1))
    source = _bridged(model, x0, noisy, options, run) if bridged else x0
    way, notes = way_of(options, t0, blend), blend.doubts() if options.as_tuned else ()
    chosen: dict[str, Any] = dict(zip(COUNTS, way.steps, strict=True))
    chosen |= {"bridge": "on" if bridged else "off", "grid": way.grid}
    if bridged:  # a replay knows only the t0 that was found
        chosen["bridge_strength"] = noisy
    denoise = denoiser(model, blend, options)
    mask = None if task.mask is None else model.codec.encode_mask(task.mask)

    if trajectory is not None:
        _check_kept(options, bridged=bridged)

    def made(way: Way, watch: Watch = unwatched) -> Tensor:
        result = walk(model, source, denoise, way, mask, watch, kept=trajectory)
        return result if mask is None else keep(result, x0, mask > 0)

    if options.t0 == AUTO and scorer is not None:
        wish = Wish.asked(options.identity, options.direction)
        score = scorer.score(wish, task.prompt, task.source_prompt or blend.source_prompt())
        found = searched(model, source, made, way, score, run.watch)
        way, notes = replace(way, t0=found.t0), (*notes, found.told())
        chosen |= {"t0": repr(found.t0), "identity": None, "direction": None}
    images = _each(model.codec.decode(made(way, run.watch)), run)
    return Outcome(images, redrawn=bridged, chosen=chosen, notes=notes, chance=bridged)


def denoiser(model: DiffusionModel, blend: Blend, options: Options) -> Denoiser:
    """What generates: the untuned model and the adapters, as the options combine them."""
    return combined(model, blend, degree=options.degree, combine=options.combine, rest=options.rest)


def _check_kept(options: Options, *, bridged: bool) -> None:
    """Refuses a trajectory where another picture, or other levels, would be inverted."""
    hint = "Leave out one of them."
    if options.t0 == AUTO:
        raise OptionError("t0=auto goes without a trajectory", "which has a strength already", hint)
    if bridged:
        why = "what is inverted is the picture drawn anew"
        raise OptionError("a bridge goes without a trajectory", why, hint)


def _bridged(
    model: DiffusionModel, x0: Tensor, strength: float, options: Options, run: Run
) -> Tensor:
    """`x0` (1, ...) drawn anew for each seed, from a noise level."""
    start, noisy = x0.repeat(len(run.seeds), 1, 1, 1), model.schedule.time_of(strength)
    often, few = options.bridge_repeats, options.bridge_steps
    return bridge(model, start, noisy, steps=few, repeats=often, run=run)


def _each(images: Tensor, run: Run) -> Tensor:
    """The picture of each seed."""
    return images.expand(len(run.seeds), -1, -1, -1).contiguous()
