"""The loaded objects that a method asks for beside the model."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from os import PathLike
from typing import Any

from overpaint import adapters, trajectories
from overpaint.core.watch import Watch, unwatched
from overpaint.data.aligning import FacePlacement
from overpaint.data.masking import Mask, read_mask
from overpaint.data.placement import Placement
from overpaint.data.sources import portable_name
from overpaint.errors import OptionError
from overpaint.inversions.trajectory import Trajectory
from overpaint.methods.combining import Blend, Part, as_blend
from overpaint.methods.realism import Gallery
from overpaint.methods.registry import Method, Task, methods
from overpaint.methods.shares import Share
from overpaint.methods.strength import Scorer
from overpaint.models.bundle import DiffusionModel
from overpaint.models.clip import Clip, load_clip
from overpaint.models.control import Adapter, check_base, read_adapter
from overpaint.models.identity import FaceEncoder, load_identity
from overpaint.models.judge import load_judge
from overpaint.models.zoo import embedded
from overpaint.recipes.reals import real_pictures
from overpaint.tuning import tuned

KEPT = "trajectory"  # a part that is given, or there is none


def resolve(
    method: Method,
    model: DiffusionModel,
    task: Task,
    given: Mapping[str, Any],
    watch: Watch = unwatched,
    *,
    options: Any = None,
    placement: Placement | FacePlacement | None = None,
) -> dict[str, Any]:
    """What `method.fn` takes by keyword: what the user gave, else what is found for the task.

    A part that the task has no use for is left out.

    options: of the method, which may ask for more. placement: of masks that were given.
    """
    names = (*method.parts, *({KEPT} & given.keys() if method.inverts else ()))
    if options is not None:
        names = (*names, *method.extra(options))
        idle = method.spares(options, model)
        if unused := sorted(given.keys() & set(idle)):
            what = f"{method.name} goes without the {unused[0]} that is given"
            why = f"{model.name or 'the model'} reads the text itself"
            raise OptionError(what, why, f"Leave it out, or see `overpaint methods {method.name}`.")
        names = tuple(name for name in names if name not in idle)
    found = {n: _RESOLVERS[n](model, task, given.get(n), watch, placement) for n in names}
    return {name: part for name, part in found.items() if part is not None}


def check_given(method: Method, given: Mapping[str, Any]) -> None:
    """Refuses parts that the method has no use for."""
    taken = {*method.parts, *([KEPT] if method.inverts else [])}
    if unused := sorted(given.keys() - taken):
        what, why, hint = f"The method {method.name} takes no {unused[0]}", "", ""
        if unused[0] == KEPT:
            able = ", ".join(name for name, each in methods().items() if each.inverts)
            why, hint = "it inverts nothing", f"Use {able}."
        raise OptionError(what, why, hint)


def with_masks(given: Mapping[str, Any], size: tuple[int, int], **reading: Any) -> dict[str, Any]:
    """The parts that were given, with the masks of shares read for a picture of `size`."""
    shares = [
        share if share.mask is None else replace(share, mask=read_mask(share.mask, size, **reading))
        for share in given.get("adapter", ())
    ]
    return {**given, "adapter": tuple(shares)} if shares else dict(given)


def described(parts: Mapping[str, Any]) -> dict[str, str]:
    """Each part as a record names it."""
    told = as_blend(parts["adapter"]).described() if "adapter" in parts else {}
    told |= {name: parts[name].hash for name in ("clip", "identity") if name in parts}
    kept = parts.get(KEPT)
    return told if kept is None else {**told, KEPT: f"{kept.name} {kept.hash}".strip()}


def doubts(parts: Mapping[str, Any], prompt: str) -> Iterator[str]:
    """A note on an adapter that was made for another text; several are together for a new one."""
    if "adapter" in parts and len(as_blend(parts["adapter"]).parts) == 1:
        (part,) = as_blend(parts["adapter"]).parts
        card = part.adapter.card
        if card.get("prompt") and adapters.plain(prompt) not in adapters.texts(card):
            yield f"the adapter {part.adapter.name} was tuned to another text: {card['prompt']!r}"


def find_adapter(
    model: DiffusionModel,
    task: Task,
    given: Sequence[Share] | None = None,
    watch: Watch = unwatched,
    placement: Placement | FacePlacement | None = None,
) -> Blend:
    """The adapters that were given, or the one for the task's text: cached, embedded, tuned now."""
    if given:
        return Blend(tuple(_part(share, model, task, placement) for share in given))
    for folder in adapters.known(model, task):
        return as_blend(read_adapter(folder))
    target = adapters.cached(model, task.prompt, task.source_prompt)
    return as_blend(read_adapter(tuned(model, task.prompt, task.source_prompt, target, watch)))


def _part(
    share: Share, model: DiffusionModel, task: Task, placement: Placement | FacePlacement | None
) -> Part:
    """A share with its adapter read and its mask fitted to the model's square."""
    last = len(model.schedule) - 1
    if late := [t for t in share.times() if t > last]:
        raise OptionError(f"a time of a weight must be in [0, {last}], got {late[0]:g}")
    found = share.adapter
    if not isinstance(found, Adapter):
        folder = adapters.named(str(found), model, task)
        own = folder.is_relative_to(adapters.WEIGHTS) or folder.parent == adapters.cache()
        found = replace(read_adapter(folder), name=folder.name if own else portable_name(folder))
    check_base(found, model)
    if not isinstance(share.mask, Mask) or placement is None:
        return Part(found, share.weight)
    name, whole = f"{share.mask.name} {share.mask.sha256}", share.mask.values
    return Part(found, share.weight, placement.fit_mask(whole), name, whole)


def moved(parts: Mapping[str, Any], placement: Placement | FacePlacement) -> dict[str, Any]:
    """The parts for another face: masks of adapters are placed anew."""
    blend = parts.get("adapter")
    if not isinstance(blend, Blend):
        return dict(parts)
    fitted = (
        part if part.whole is None else replace(part, mask=placement.fit_mask(part.whole))
        for part in blend.parts
    )
    return {**parts, "adapter": Blend(tuple(fitted))}


def find_scorer(model: DiffusionModel, *asked: Any) -> Scorer:
    """The embedded face encoder and CLIP, which are loaded when they are asked for."""
    where = model.device
    return Scorer(
        lambda: load_identity(embedded("identity"), where),
        lambda: load_clip(embedded("clip"), where),
    )


def find_gallery(
    model: DiffusionModel, task: Task, given: Any = None, watch: Watch = unwatched, *asked: Any
) -> Gallery:
    """The embedded judge and real pictures, which are loaded when they are asked for."""
    return Gallery(
        lambda: load_judge(embedded("judge"), model.device),
        lambda folder: real_pictures(model, folder, watch),
    )


def find_clip(
    model: DiffusionModel, task: Task, given: str | PathLike | Clip | None = None, *asked: Any
) -> Clip | None:
    """The CLIP that guides: given, or the embedded one; none where no text is to be matched."""
    if not any(text.strip() for text in (task.prompt, *(r.prompt for r in task.regions))):
        return None
    if isinstance(given, Clip):
        return given
    return load_clip(str(given or embedded("clip")), model.device, model.dtype)


def find_identity(
    model: DiffusionModel, task: Task, given: FaceEncoder | None = None, *asked: Any
) -> FaceEncoder:
    """The face encoder: given, or the embedded one."""
    return given or load_identity(embedded("identity"), model.device, model.dtype)


def find_trajectory(
    model: DiffusionModel,
    task: Task,
    given: str | PathLike | Trajectory | None = None,
    *asked: Any,
) -> Trajectory | None:
    """The way up that takes the place of an inversion, if one was given."""
    if isinstance(given, Trajectory):
        return given.to(model.device)
    return None if given is None else trajectories.load(given, model.device)


_RESOLVERS: dict[str, Callable[..., Any]] = {
    "adapter": find_adapter,
    "clip": find_clip,
    "gallery": find_gallery,
    "identity": find_identity,
    "scorer": find_scorer,
    KEPT: find_trajectory,
}
