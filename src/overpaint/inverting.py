"""To noise and back: how well a model keeps a picture."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from os import PathLike

import torch
from PIL import Image
from torch import Tensor

from overpaint import trajectories
from overpaint.core.emphasis import typed
from overpaint.core.rng import NoiseStream, seeds_of
from overpaint.core.schedule import Level, Schedule, below
from overpaint.core.solvers import last
from overpaint.core.watch import Watch, unwatched
from overpaint.data.images import read_image
from overpaint.data.placement import fit
from overpaint.errors import OptionError
from overpaint.inversions.matching import strength_of
from overpaint.inversions.registry import Inversion, find
from overpaint.inversions.source import Source, source_of
from overpaint.inversions.trajectory import Trajectory
from overpaint.memory import memory_errors
from overpaint.methods.options import opt, parse_fields
from overpaint.methods.prompted import SCALE
from overpaint.methods.registry import Run, check_texts
from overpaint.methods.remembering import remember
from overpaint.methods.starting import inverted
from overpaint.metrics.fidelity import mae, psnr, ssim
from overpaint.models.bundle import Calls, DiffusionModel
from overpaint.models.prompting import reader_of
from overpaint.models.zoo import load, suited

STRENGTH, STEPS = 0.5, 40


@dataclass(frozen=True)
class RoundTrip:
    """How far a picture is inverted, and how guided; what is open is as a trajectory has it."""

    strength: float | None = opt(None, "noise level up to which it is inverted", 0, 1)
    steps: int | None = opt(None, "moves up to there, and as many back", 1, 1000)
    guidance_scale: float | None = opt(None, "how much more of the text than of none", 0, 100)


@dataclass(frozen=True)
class Reconstruction:
    """A picture after the round trip; the figures compare it at the model's own size."""

    image: Image.Image
    mae: float
    psnr: float
    ssim: float
    codec_mae: float  # against what the codec alone makes of the picture
    calls: int  # of the network; guidance takes two
    seconds: float
    trajectory: Trajectory
    model: str  # its name
    residual: float | None = None  # of the inversion, where it was solved for

    def figures(self) -> dict[str, float]:
        """All numbers; MAE of values in [0, 1], PSNR in decibels."""
        names = ("mae", "psnr", "ssim", "codec_mae", "residual", "calls", "seconds")
        found = {name: getattr(self, name) for name in names}
        return {name: value for name, value in found.items() if value is not None}


@memory_errors("reconstruction")
def reconstruct(
    image: object,
    *,
    model: str | DiffusionModel = "auto",
    source_prompt: str = "",
    guidance_scale: float | None = None,
    strength: float | None = None,
    steps: int | None = None,
    inversion: str | None = None,
    trajectory: str | PathLike | Trajectory | None = None,
    seed: int = 0,
    device: str = "auto",
    dtype: str = "auto",
    watch: Watch = unwatched,
) -> Reconstruction:
    """Inversion to `strength` of the path in `steps` moves on the closed grid, and back.

    What is left open is half of the path, 40 steps, and ddim; or as a trajectory has it.

    Args:
        model: "auto" is the embedded one that reads text where the inversion or a text needs it.
        source_prompt: what the picture shows, for a model that reads text.
        strength: in (0, 1]. steps: in [1, 1000].
        guidance_scale: of that text against the empty one, in [0, 100]; 5 where nothing is given.
        inversion: a name of `overpaint.inversions.registry`.
        trajectory: one that was kept, or its file, to go back from.
        seed: of the noise of edit-friendly inversion.

    Raises:
        OptionError: the source prompt is no text, a number is out of its range, the inversion or a
            text needs a model that reads one, or the trajectory is of another picture, model,
            text, or way than is asked for.
    """
    asked = {"strength": strength, "steps": steps, "guidance_scale": guidance_scale}
    trip, seeds = parse_fields(RoundTrip, asked, "reconstruct"), seeds_of(seed, 1)
    check_texts(source_prompt=source_prompt)
    picture = read_image(image)
    kept = None if trajectory is None else trajectories.opened(trajectory)
    way = find(inversion or ("ddim" if kept is None else kept.inversion))
    told = source_prompt or (kept is not None and kept.key is not None and kept.key.texts)
    model = suited(model, reads=way.reads or bool(told))
    loaded = load(model, device, dtype) if isinstance(model, str) else model
    pixels, placement = fit(picture, loaded.frame)
    counted = replace(loaded.paced(pixels), calls=(calls := Calls()))
    kept = None if kept is None else kept.to(counted.device)
    source = _source(counted, source_prompt, trip.guidance_scale, seeds, kept)
    levels, began = _levels(counted.schedule, trip, kept), time.monotonic()
    with torch.no_grad():
        x0 = counted.codec.encode(pixels.to(counted.device))
        found, x = _there_and_back(
            counted, source, x0, levels, inversion=way, kept=kept, watch=watch
        )
        rebuilt = counted.codec.decode(x).cpu()
        seconds = time.monotonic() - began
        alone = counted.codec.decode(x0).cpu()
    if kept is None:
        remember(found, trajectories.cache(), counted, source, x0=x0)
    return Reconstruction(
        image=placement.paste(rebuilt),
        calls=calls.rows,
        seconds=seconds,
        trajectory=found,
        residual=found.residual,
        model=loaded.name,
        **_errors(pixels, rebuilt, alone),
    )


def _levels(schedule: Schedule, trip: RoundTrip, kept: Trajectory | None) -> list[Level]:
    """Those asked for; where nothing is, the trajectory's own."""
    strength, steps = trip.strength, trip.steps
    if kept is not None and strength is None and steps is None:
        return list(kept.levels)
    if strength is None:
        strength = STRENGTH if kept is None else strength_of(kept.levels, schedule)
    if steps is None:
        steps = STEPS if kept is None else len(kept.levels) - 1
    return schedule.path(below(schedule.time_of(strength), steps))


def _errors(truth: Tensor, made: Tensor, coded: Tensor) -> dict[str, float]:
    """Of what was made (1, 3, S, S), against the truth and what the codec alone makes of it."""
    truth, made, coded = ((each.clamp(-1, 1) + 1) / 2 for each in (truth, made, coded))
    found = {metric.name: float(metric(made, truth)) for metric in (mae, psnr, ssim)}
    return {**found, "codec_mae": float(mae(made, coded))}


def _source(
    model: DiffusionModel,
    prompt: str,
    scale: float | None,
    seeds: Sequence[int],
    kept: Trajectory | None,
) -> Source:
    """The picture's text and guidance: those that are given, else those of the trajectory."""
    key = None if kept is None else kept.key
    kept_texts = key.texts if key and model.text is not None else ()
    prompt = prompt if model.text is None else typed(prompt).text  # as an edit reads it
    texts = (prompt,) if prompt.strip() else kept_texts
    if scale is not None and not texts:
        reader_of(model)
        raise OptionError("guidance_scale needs a text to guide by", hint="Give a source prompt.")
    if scale is None:
        scale = key.scale if key else SCALE
    return source_of(model, texts, scale=scale, rng=NoiseStream(seeds))


def _there_and_back(
    model: DiffusionModel,
    source: Source,
    x0: Tensor,
    levels: Sequence[Level],
    *,
    inversion: Inversion,
    kept: Trajectory | None,
    watch: Watch,
) -> tuple[Trajectory, Tensor]:
    """The way up from `x0` (1, ...), or the one that was kept, and the state it leads back to."""
    run = Run(watch=watch)  # without a cache: what is measured is made
    found = inverted(model, source, x0, levels, inversion=inversion, run=run, kept=kept)
    states = inversion.replay(found, source.along(found), sources=len(x0))
    return found, last(watch(states, len(levels) - 1, "reconstructing"))
