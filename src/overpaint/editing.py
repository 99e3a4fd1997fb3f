"""Edit one picture: read, fit, perform a method, paste back, and record how it was done."""

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ParamSpec

from overpaint import adapters, trajectories
from overpaint import parts as loaded
from overpaint.candidates import candidates
from overpaint.core.emphasis import typed
from overpaint.core.rng import seeds_of
from overpaint.core.watch import Watch, unwatched
from overpaint.data.decoding import MAX_PIXELS
from overpaint.data.images import read_image
from overpaint.data.where import Where
from overpaint.errors import OptionError
from overpaint.inversions.trajectory import Trajectory
from overpaint.memory import memory_errors
from overpaint.methods import registry
from overpaint.methods.registry import Method, Task
from overpaint.methods.shares import Share, listed
from overpaint.methods.taking import taken
from overpaint.models.bundle import DiffusionModel
from overpaint.models.clip import Clip
from overpaint.models.control import Adapter
from overpaint.models.zoo import load, suited
from overpaint.performing import Asked, fitted
from overpaint.results import Result, together
from overpaint.seeking import finding, sought

P = ParamSpec("P")


def edits(
    image: object,
    prompt: str = "",
    *,
    source_prompt: str = "",
    method: str = "diffusionclip",
    model: str | Path | DiffusionModel = "auto",
    adapter: str | Path | Adapter | Share | Sequence[Any] | None = None,
    mask: object = None,
    mask_options: Mapping[str, Any] | None = None,
    invert_mask: bool = False,
    regions: Sequence[tuple[object, str]] = (),
    zoom: str = "auto",
    extend: str = "",
    face: object = None,
    clip: str | Path | Clip | None = None,
    trajectory: str | Path | Trajectory | None = None,
    seed: int | Sequence[int] = 0,
    count: int = 1,
    batch: int | None = None,
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
        model: an embedded one's name, a folder, a file, a hub id or what `load` gave; "auto" is
            the embedded one that the method goes with.
        adapter: what the model was tuned to: an embedded one's name, a folder of `overpaint tune
            -o`, a text, a `Share` of weight and mask, or several of them; else found by the prompt.
        mask: a picture, white where the edit may act; bytes outside stay as they are. "auto" is
            one that a model which reads texts finds, where prompt and source prompt differ.
        mask_options: how that is found, see `overpaint.methods.finding`.
        invert_mask: the edit may act where the mask is black, as to replace the background.
        regions: pairs of a mask and its own text, in place of `mask`, where the method takes
            them; "auto" here too.
        zoom: "auto" shows the model a mask's surroundings alone where it is too small otherwise;
            "on" always, "off" never.
        extend: sides at which the picture grows, as "right=0.25" or "left=0.5,right=0.5"; the
            new strip alone is edited.
        face: edit a face alone: "auto" (the only one), a number from left to right, "all", or
            `Face`s; None for the whole picture.
        clip: folder, file or hub id of the CLIP that guides, where the method takes one.
        trajectory: of `overpaint invert --save`, in place of the inversion; options that are left
            open are as it was made.
        seed: of the first image, counted upwards; or exactly one for each.
        batch: how many are made at once; else as many as memory holds, at most 16.
        max_pixels: a larger picture or mask is refused.
        keep_exif: keep all of the EXIF block, place and maker's note too.
        options: of the method, see `overpaint.methods()`.
    """
    chosen = registry.find(method)
    parsed = registry.parse_options(chosen, options)
    given = _given(chosen, adapter=adapter, clip=clip, trajectory=trajectory)
    _check_batch(batch)
    if "trajectory" in given and zoom == "auto":
        zoom = "off"  # it is of the whole picture
    where = Where(mask, invert_mask, regions, zoom, extend, face)
    texts = {"prompt": prompt, "source_prompt": source_prompt}
    registry.check(chosen, {**texts, "mask": where.limited or None, "regions": regions})
    how = finding(mask_options or {}, where, parsed)
    adapters.check_apart(prompt, source_prompt)
    seeds = seeds_of(seed, count)
    model = suited(model, reads=chosen.reads or where.auto)
    picture = read_image(image, max_pixels=max_pixels, keep_exif=keep_exif)
    if where.auto:
        model = _loaded(model, device, dtype)
        with memory_errors("mask"):
            where = sought(where, picture, model, (prompt, source_prompt), how, watch)
    scene = where.on(picture, max_pixels=max_pixels)
    given = loaded.with_masks(given, scene.picture.size, max_pixels=max_pixels)
    base = _loaded(model, device, dtype)
    registry.check_model(chosen, base)
    if base.text is not None:
        _check_read(chosen, prompt, source_prompt)
    with memory_errors("edit"):
        pixels, placement = scene.placed(base.frame)
        base = base.paced(pixels)
        if kept := given.get("trajectory"):
            parsed = taken(chosen, options, kept, base.schedule)
        acts = fitted(scene, placement, base.device)
        task = Task(pixels.to(base.device), prompt, source_prompt, **acts)
        asked = Asked(chosen, parsed, base, task, placement, scene)
        yield from candidates(asked, seeds, given, watch, batch)


def _whole(each: Callable[P, Iterator[Result]]) -> Callable[P, Result]:
    @functools.wraps(each, assigned=("__module__", "__doc__"))
    def edit(*args: P.args, **kwargs: P.kwargs) -> Result:
        return together(each(*args, **kwargs))

    return edit


edit = _whole(edits)


def _check_read(method: Method, prompt: str, source_prompt: str) -> None:
    """Refuses texts that say the same once they are read, unless words are weighted."""
    told = typed(prompt)
    if not (method.weighs and told.heavy):
        adapters.check_apart(told.text, typed(source_prompt).text)


def _given(method: Method, **parts: Any) -> dict[str, Any]:
    """The parts that are given, if the method takes them; a trajectory is read."""
    given = {name: part for name, part in parts.items() if part is not None}
    loaded.check_given(method, given)
    if "adapter" in given:
        given["adapter"] = listed(given["adapter"])
    if "trajectory" in given:
        given["trajectory"] = trajectories.opened(given["trajectory"])
    return given


def _loaded(model: str | Path | DiffusionModel, device: str, dtype: str) -> DiffusionModel:
    return model if isinstance(model, DiffusionModel) else load(model, device, dtype)


def _check_batch(batch: int | None) -> None:
    if batch is not None and (not isinstance(batch, int) or batch < 1):
        raise OptionError(f"batch must be a whole number from 1, got {batch!r:.60}")
