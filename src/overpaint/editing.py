"""Edit one picture: read, fit, perform a method, paste back, and record how it was done."""

import dataclasses
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from overpaint import parts as loaded
from overpaint.core.watch import Watch, unwatched
from overpaint.data.images import Picture, read_image
from overpaint.data.masking import Mask, read_mask
from overpaint.data.placement import Placement, fit
from overpaint.data.record import Record
from overpaint.data.writing import write_image
from overpaint.errors import OptionError, OutOfMemoryError
from overpaint.methods import registry
from overpaint.methods.registry import Method, Outcome, Run, Task
from overpaint.models.bundle import Calls, DiffusionModel
from overpaint.models.zoo import load


@dataclass(frozen=True)
class Result:
    """What came of an edit."""

    images: list[Image.Image]  # of the input's size, one for each seed
    record: Record
    calls: int  # forwards of the network, all images together
    seconds: float  # of the edit itself, the model loaded
    mask: Image.Image | None = None  # where it was edited
    warnings: tuple[str, ...] = ()

    def save(
        self, path: str | os.PathLike[str], index: int = 0, *, overwrite: bool = False
    ) -> Path:
        """Write one of the pictures with its record."""
        record = self.record.only(index)
        return write_image(self.images[index], path, record, overwrite=overwrite)


def edit(
    image: object,
    prompt: str = "",
    *,
    source_prompt: str = "",
    method: str = "diffusionclip",
    model: str | Path | DiffusionModel = "portraits",
    mask: object = None,
    seed: int | Sequence[int] = 0,
    count: int = 1,
    watch: Watch = unwatched,
    device: str = "auto",
    dtype: str = "auto",
    **options: Any,
) -> Result:
    """Edit a picture (a path, bytes, PIL image, array or tensor) by text.

    Args:
        mask: a picture, white where the edit may act; bytes outside stay as they are.
        seed: of the first image, counted upwards; or exactly one for each.
        options: of the method, see `overpaint.methods()`.
    """
    chosen = registry.find(method)
    parsed = registry.parse_options(chosen, options)
    seeds = seeds_of(seed, count)
    picture = image if isinstance(image, Picture) else read_image(image)
    area = None if mask is None else read_mask(mask, picture.size)
    base = model if isinstance(model, DiffusionModel) else load(model, device, dtype)
    started = time.perf_counter()
    with memory_errors():
        pixels, placement = fit(picture, base.size)
        task = Task(
            pixels.to(base.device),
            prompt,
            source_prompt,
            None if area is None else placement.fit_mask(area.values).to(base.device),
        )
        parts = loaded.resolve(chosen, base, task, watch)
        counted = dataclasses.replace(base, calls=Calls())
        outcomes = _perform(chosen, counted, task, parsed, Run(seeds, watch), parts)
        images = [_pasted(outcome, placement, area) for outcome in outcomes]
    record = _record(chosen, base, task, parsed, seeds, parts, (picture, area))
    return Result(
        images=images,
        record=record,
        calls=counted.calls.count if counted.calls else 0,
        seconds=time.perf_counter() - started,
        mask=None if area is None else Image.fromarray(area.values),
        warnings=(*picture.warnings, *(area.warnings if area else ())),
    )


def seeds_of(seed: int | Sequence[int], count: int) -> tuple[int, ...]:
    """One seed for each image."""
    if isinstance(seed, Sequence):
        seeds = tuple(seed)
        if not seeds or count not in (1, len(seeds)):
            raise OptionError(f"{len(seeds)} seeds do not make {count} images", hint="One each.")
    elif isinstance(seed, int) and count >= 1:
        seeds = tuple(range(seed, seed + count))
    else:
        raise OptionError(f"{count} images cannot come of the seed {seed!r}")
    if wrong := [s for s in seeds if not (isinstance(s, int) and 0 <= s < 2**63)]:
        raise OptionError(f"A seed is a whole number from 0 to 2^63 - 1, got {wrong[0]!r}")
    return seeds


@contextmanager
def memory_errors() -> Iterator[None]:
    """Say it as ours when memory runs out."""
    try:
        yield
    except (MemoryError, torch.OutOfMemoryError, RuntimeError) as error:
        words = str(error).lower()
        if isinstance(error, RuntimeError) and "memory" not in words and "alloc" not in words:
            raise
        raise OutOfMemoryError(
            "The edit does not fit into memory",
            str(error).splitlines()[0] if words else "",
            "Use a smaller picture or model, fewer images, or --device cpu.",
        ) from error


def _perform(
    method: Method, model: DiffusionModel, task: Task, options: Any, run: Run, parts: Any
) -> list[Outcome]:
    """One outcome for each seed, one by one: so an image is the same whatever stands beside it."""
    if task.mask is not None and not bool(task.mask.any()):
        return [Outcome(task.image) for _ in run.seeds]
    return [
        registry.perform(method, model, task, options, Run((seed,), run.watch), parts)
        for seed in run.seeds
    ]


def _pasted(outcome: Outcome, placement: Placement, mask: Mask | None) -> Image.Image:
    values = None if mask is None else mask.values
    if mask is not None and not np.any(mask.values):
        return placement.paste(placement.source, mask=values)
    return placement.paste(outcome.images, mask=values, detail=not outcome.redrawn)


def _record(
    method: Method,
    model: DiffusionModel,
    task: Task,
    options: Any,
    seeds: tuple[int, ...],
    parts: dict[str, Any],
    inputs: tuple[Picture, Mask | None],
) -> Record:
    picture, mask = inputs
    return Record(
        method=method.name,
        model=model.name,
        prompt=task.prompt,
        seeds=seeds,
        options=dataclasses.asdict(options),
        source_prompt=task.source_prompt,
        weights=model.hash,
        input=picture.name,
        input_sha256=picture.sha256,
        mask=mask.name if mask else "",
        mask_sha256=mask.sha256 if mask else "",
        parts=loaded.described(parts),
        versions={name: version(name) for name in ("overpaint", "torch", "diffusers")},
        threads=torch.get_num_threads(),
        device=model.device.type,
        dtype=str(model.dtype).removeprefix("torch."),
    )
