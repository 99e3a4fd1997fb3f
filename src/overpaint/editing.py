"""Edit one picture: read, fit, perform a method, paste back, and record how it was done."""

import functools
import operator
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ParamSpec

import torch
from PIL import Image

from overpaint import adapters
from overpaint import parts as loaded
from overpaint.core.watch import Watch, unwatched
from overpaint.data.decoding import MAX_PIXELS
from overpaint.data.images import read_image
from overpaint.data.where import Where
from overpaint.errors import OptionError
from overpaint.memory import memory_errors
from overpaint.methods import registry
from overpaint.methods.registry import Run, Task
from overpaint.methods.shares import Share, listed
from overpaint.models.bundle import Calls, DiffusionModel
from overpaint.models.clip import Clip
from overpaint.models.control import Adapter
from overpaint.models.zoo import load
from overpaint.performing import Asked, fitted, perform_each
from overpaint.results import Result, together

P = ParamSpec("P")


def edits(
    image: object,
    prompt: str = "",
    *,
    source_prompt: str = "",
    method: str = "diffusionclip",
    model: str | Path | DiffusionModel = "portraits",
    adapter: str | Path | Adapter | Share | Sequence[Any] | None = None,
    mask: object = None,
    invert_mask: bool = False,
    regions: Sequence[tuple[object, str]] = (),
    zoom: str = "auto",
    extend: str = "",
    face: object = None,
    clip: str | Path | Clip | None = None,
    seed: int | Sequence[int] = 0,
    count: int = 1,
    max_pixels: int = MAX_PIXELS,
    keep_exif: bool = False,
    watch: Watch = unwatched,
    device: str = "auto",
    dtype: str = "auto",
    **options: Any,
) -> Iterator[Result]:
    """Edit a picture (a path, bytes, PIL image, array or tensor) by text.

    `edit` returns one result with all images; `edits` yields one for each, as soon as it is made.

    Args:
        adapter: what the model was tuned to: an embedded one's name, a folder of `overpaint tune
            -o`, a text, a `Share` of weight and mask, or several of them; else found by the prompt.
        mask: a picture, white where the edit may act; bytes outside stay as they are.
        invert_mask: the edit may act where the mask is black, as to replace the background.
        regions: pairs of a mask and its own text, in place of `mask`, where the method takes them.
        zoom: "auto" shows the model a mask's surroundings alone where it is too small otherwise;
            "on" always, "off" never.
        extend: sides at which the picture grows, as "right=0.25" or "left=0.5,right=0.5"; the
            new strip alone is edited.
        face: edit a face alone: "auto" (the only one), a number from left to right, "all", or
            `Face`s; None for the whole picture.
        clip: folder, file or hub id of the CLIP that guides, where the method takes one.
        seed: of the first image, counted upwards; or exactly one for each.
        max_pixels: a larger picture or mask is refused.
        keep_exif: keep all of the EXIF block, place and maker's note too.
        options: of the method, see `overpaint.methods()`.
    """
    chosen = registry.find(method)
    parsed = registry.parse_options(chosen, options)
    given: dict[str, Any] = {} if adapter is None else {"adapter": listed(adapter)}
    given |= {} if clip is None else {"clip": clip}
    where = Where(mask, invert_mask, regions, zoom, extend, face)
    texts = {"prompt": prompt, "source_prompt": source_prompt}
    registry.check(chosen, {**texts, "mask": where.limited or None, "regions": regions})
    adapters.check_apart(prompt, source_prompt)
    loaded.check_given(chosen, given)
    seeds = seeds_of(seed, count)
    picture = read_image(image, max_pixels=max_pixels, keep_exif=keep_exif)
    scene = where.on(picture, max_pixels=max_pixels)
    given = loaded.with_masks(given, scene.picture.size, max_pixels=max_pixels)
    base = model if isinstance(model, DiffusionModel) else load(model, device, dtype)
    with memory_errors("edit"):
        pixels, placement = scene.placed(base.size)
        acts = fitted(scene, placement, base.device)
        task = Task(pixels.to(base.device), prompt, source_prompt, **acts)
        asked = Asked(chosen, parsed, base, task, placement, scene)
        yield from _each(asked, seeds, given, watch)


def _whole(each: Callable[P, Iterator[Result]]) -> Callable[P, Result]:
    @functools.wraps(each, assigned=("__module__", "__doc__"))
    def edit(*args: P.args, **kwargs: P.kwargs) -> Result:
        return together(each(*args, **kwargs))

    return edit


edit = _whole(edits)


def seeds_of(seed: int | Sequence[int], count: int) -> tuple[int, ...]:
    """One seed for each image."""
    try:
        if listed := isinstance(seed, Iterable):
            seeds = [int(operator.index(each)) for each in seed]
        else:
            seeds = [operator.index(seed) + k for k in range(count)]
    except TypeError as error:
        raise OptionError(_SEED, f"not {seed!r:.60}") from error
    if not seeds or (listed and count not in (1, len(seeds))):
        what = f"{count} images cannot come of the seed {seed!r:.60}"
        raise OptionError(what, hint="Give one seed, or one for each image.")
    if min(seeds) < 0 or max(seeds) >= 2**63:
        raise OptionError(_SEED, f"not {min(seeds) if min(seeds) < 0 else max(seeds)}")
    return tuple(seeds)


_SEED = "A seed is a whole number from 0 to 2^63 - 1"


def _each(
    asked: Asked, seeds: tuple[int, ...], given: Mapping[str, Any], watch: Watch
) -> Iterator[Result]:
    """A result for each seed; one by one, so that it is the same whatever stands beside it."""
    began, first = time.perf_counter(), list[torch.Tensor]()
    record = asked.record(seeds)  # what cannot be written is refused before parts are tuned
    parts = {} if asked.idle else asked.parts(given, watch)
    record = replace(record, parts=loaded.described(parts))
    notes = tuple(asked.warnings(parts))
    for seed in seeds:
        model = replace(asked.model, calls=(calls := Calls()))
        image, made = perform_each(asked, Run((seed,), watch), parts, model)
        shown = [outcome.images for outcome in made]
        again = bool(first) and all(map(torch.equal, shown, first))
        first = first or shown
        yield Result(
            images=[image],
            record=replace(record, seeds=(seed,), options={**record.options, **made[0].chosen}),
            calls=calls.count,
            seconds=time.perf_counter() - began,
            mask=None if asked.mask is None else Image.fromarray(asked.mask.values),
            warnings=(*notes, *made[0].notes, *([_AGAIN] if again else [])),
        )
        asked = asked.settled(made[0].chosen)  # what was chosen for one picture holds for all
        began = time.perf_counter()


_AGAIN = "the seed makes no difference in this edit: one picture is enough"
