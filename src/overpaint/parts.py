"""The loaded objects that a method asks for beside the model."""

import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from platformdirs import user_cache_path

from overpaint.core.watch import Watch, unwatched
from overpaint.errors import OptionError, OverpaintError
from overpaint.methods.registry import Method, Task
from overpaint.models.bundle import DiffusionModel
from overpaint.models.control import Adapter, read_adapter
from overpaint.models.folders import Folder
from overpaint.models.zoo import WEIGHTS, load

TUNING = 1  # raised when the recipe changes, so that cached adapters are tuned again


def resolve(
    method: Method, model: DiffusionModel, task: Task, watch: Watch = unwatched
) -> dict[str, Any]:
    """What `method.fn` takes by keyword."""
    return {part: _RESOLVERS[part](model, task, watch) for part in method.parts}


def described(parts: Mapping[str, Any]) -> dict[str, str]:
    """Each part as a record names it."""
    return {name: f"{part.name} {part.hash}".strip() for name, part in parts.items()}


def find_adapter(model: DiffusionModel, task: Task, watch: Watch = unwatched) -> Adapter:
    """The adapter for the task's text: embedded, cached, or tuned now."""
    for folder in _folders():
        if _is_for(_card(folder), model, task):
            return read_adapter(folder)
    target = cached(model, task.prompt, task.source_prompt)
    return read_adapter(_tuned(model, task.prompt, task.source_prompt, target, watch))


def tune(
    prompt: str,
    *,
    source_prompt: str = "",
    model: str | Path = "portraits",
    folder: Path | None = None,
    device: str = "auto",
    watch: Watch = unwatched,
    **options: Any,
) -> tuple[Path, dict[str, Any]]:
    """Tune `model` to a text and return the adapter's folder and card; edits find it from then.

    Args:
        folder: where to put it; by default where edits look for it.
    """
    base = load(model, device)
    where = folder or cached(base, prompt, source_prompt)
    made = _tuned(base, prompt, source_prompt, where, watch, **options)
    return made, _card(made)


def cached(model: DiffusionModel, prompt: str, source_prompt: str) -> Path:
    """Where the adapter for a text is kept between edits."""
    what = [TUNING, model.hash, plain(prompt), plain(source_prompt)]
    key = hashlib.sha256(json.dumps(what).encode()).hexdigest()[:16]
    return _cache() / key


def plain(text: str) -> str:
    """A text as adapters are looked up by: lower case, words and single spaces."""
    return " ".join(re.findall(r"\w+", text.lower()))


def _tuned(
    model: DiffusionModel,
    prompt: str,
    source_prompt: str,
    target: Path,
    watch: Watch,
    **options: Any,
) -> Path:
    if not plain(prompt):
        raise OptionError("There is nothing to tune for", f"the prompt is {prompt!r}")
    from overpaint.recipes import diffusionclip

    target.parent.mkdir(parents=True, exist_ok=True)
    staging = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        diffusionclip.tune(model, prompt, source_prompt, folder=staging, watch=watch, **options)
        if target.exists():
            shutil.rmtree(target)
        staging.rename(target)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return target


def _is_for(card: Mapping[str, Any], model: DiffusionModel, task: Task) -> bool:
    known = {plain(text) for text in (card.get("prompt", ""), *card.get("aliases", ()))}
    source = plain(task.source_prompt)
    return (
        card.get("base") == model.hash
        and plain(task.prompt) in known
        and (not source or source == plain(card.get("source_prompt", "")))
    )


def _folders() -> Iterator[Path]:
    for root in (WEIGHTS / "adapters", _cache()):
        yield from sorted(path.parent for path in root.glob("[!.]*/card.json"))


def _card(folder: Path) -> dict[str, Any]:
    try:
        return Folder.at(folder).card()
    except OverpaintError:  # a damaged one is none
        return {}


def _cache() -> Path:
    return user_cache_path("overpaint", appauthor=False) / "adapters"


_RESOLVERS = {"adapter": find_adapter}
