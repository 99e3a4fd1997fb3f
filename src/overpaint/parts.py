"""The loaded objects that a method asks for beside the model."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from overpaint import adapters
from overpaint.core.watch import Watch, unwatched
from overpaint.data.sources import portable_name, shown
from overpaint.errors import ModelNotFoundError, OptionError
from overpaint.methods.registry import Method, Task
from overpaint.models.bundle import DiffusionModel
from overpaint.models.clip import Clip, load_clip
from overpaint.models.control import Adapter, check_base, read_adapter
from overpaint.models.identity import FaceEncoder, load_identity
from overpaint.models.zoo import embedded
from overpaint.tuning import tuned


def resolve(
    method: Method,
    model: DiffusionModel,
    task: Task,
    given: Mapping[str, Any],
    watch: Watch = unwatched,
    *,
    options: Any = None,
) -> dict[str, Any]:
    """What `method.fn` takes by keyword: what the user gave, else what is found for the task.

    options: of the method, which may ask for more.
    """
    names = method.parts if options is None else (*method.parts, *method.extra(options))
    return {name: _RESOLVERS[name](model, task, given.get(name), watch) for name in names}


def check_given(method: Method, given: Mapping[str, Any]) -> None:
    """Refuses parts that the method has no use for."""
    if unused := sorted(given.keys() - set(method.parts)):
        raise OptionError(f"The method {method.name} takes no {unused[0]}")


def described(parts: Mapping[str, Any]) -> dict[str, str]:
    """Each part as a record names it."""
    return {n: f"{getattr(part, 'name', '')} {part.hash}".strip() for n, part in parts.items()}


def doubts(parts: Mapping[str, Any], prompt: str) -> Iterator[str]:
    """A note on each part that was made for another text."""
    for part in (each for each in parts.values() if isinstance(each, Adapter)):
        if part.card.get("prompt") and adapters.plain(prompt) not in adapters.texts(part.card):
            yield f"the adapter {part.name} was tuned to another text: {part.card['prompt']!r}"


def find_adapter(
    model: DiffusionModel,
    task: Task,
    given: str | Path | Adapter | None = None,
    watch: Watch = unwatched,
) -> Adapter:
    """The adapter for the task's text: given, cached, embedded, or tuned now."""
    if given is not None:
        return _fitting(given, model)
    for folder in adapters.known(model, task):
        return read_adapter(folder)
    target = adapters.cached(model, task.prompt, task.source_prompt)
    return read_adapter(tuned(model, task.prompt, task.source_prompt, target, watch))


def _fitting(given: str | Path | Adapter, model: DiffusionModel) -> Adapter:
    """The adapter that the user gave, if it was tuned over `model`."""
    found = given if isinstance(given, Adapter) else _read(Path(given))
    check_base(found, model)
    return found


def _read(folder: Path) -> Adapter:
    if not folder.is_dir():
        what, why = f"There is no adapter {shown(folder)}", "there is no such folder"
        raise ModelNotFoundError(what, why, "make one with `overpaint tune -o FOLDER`")
    return replace(read_adapter(folder), name=portable_name(folder))


def find_clip(
    model: DiffusionModel, task: Task, given: str | Path | Clip | None = None, *asked: Any
) -> Clip:
    """The CLIP that guides: given, or the embedded one."""
    if isinstance(given, Clip):
        return given
    return load_clip(Path(given or embedded("clip")), model.device, model.dtype)


def find_identity(
    model: DiffusionModel, task: Task, given: FaceEncoder | None = None, *asked: Any
) -> FaceEncoder:
    """The face encoder: given, or the embedded one."""
    return given or load_identity(embedded("identity"), model.device, model.dtype)


_RESOLVERS: dict[str, Callable[..., Any]] = {
    "adapter": find_adapter,
    "clip": find_clip,
    "identity": find_identity,
}
