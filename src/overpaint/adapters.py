"""Where adapters lie, and which text each is for."""

import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from unicodedata import category

from platformdirs import user_cache_path

from overpaint.data.placing import sweep
from overpaint.data.sources import shown
from overpaint.data.staging import check_replaceable
from overpaint.errors import (
    ModelNotFoundError,
    OptionError,
    OutputExistsError,
    OverpaintError,
)
from overpaint.methods.options import suggest
from overpaint.methods.registry import Task
from overpaint.models.bundle import DiffusionModel
from overpaint.models.control import adapter_card
from overpaint.models.folders import Folder
from overpaint.models.zoo import WEIGHTS

TUNING = 6  # raised when the recipe or its CLIP changes: what was cached before is not used
FILES = {"adapter_config.json", "adapter_model.safetensors", "model.safetensors", "card.json"}
STRIPS = "strips"  # a folder of pictures that tuning wrote


def known(model: DiffusionModel, task: Task) -> Iterator[Path]:
    """Folders of adapters for the task's text: the one tuned to just these words comes first."""
    exact = cached(model, task.prompt, task.source_prompt)
    for folder in (exact, *_folders()):
        if _is_for(card(folder), model, task):
            yield folder


def cached(model: DiffusionModel, prompt: str, source_prompt: str) -> Path:
    """Where the adapter for a text is kept between edits."""
    what = [model.hash, plain(prompt), plain(source_prompt)]
    key = hashlib.sha256(json.dumps(what).encode()).hexdigest()[:16]
    return cache() / key


def named(name: str, model: DiffusionModel, task: Task) -> Path:
    """The folder of the adapter called `name`: embedded, cached, a folder, or tuned to that text.

    Raises:
        ModelNotFoundError: it is none of these.
    """
    homes = [root / name for root in (WEIGHTS / "adapters", cache())]
    for folder in [home for home in homes if Path(name).name == name] + [Path(name)]:
        if os.path.isdir(folder):  # False also for what can be no path
            return folder
    for folder in known(model, replace(task, prompt=name, source_prompt="")):
        return folder
    raise ModelNotFoundError(
        f"There is no adapter {shown(name)}",
        "it is not embedded, no folder, and no text that was tuned before",
        f"{suggest(name, embedded())} Or make one with `overpaint tune -o FOLDER`.",
    )


def embedded() -> list[str]:
    """The names of the adapters that came along."""
    return sorted(path.parent.name for path in (WEIGHTS / "adapters").glob("[!.]*/card.json"))


def forgotten(name: str) -> bool:
    """Whether an adapter of this name was cached once and is no more."""
    return bool(re.fullmatch("[0-9a-f]{16}", name)) and not (cache() / name).is_dir()


def plain(text: str) -> str:
    """A text as adapters are looked up by: no matter its case, punctuation and blanks."""
    kept = (" " if category(each)[0] == "P" else each for each in text.casefold())
    return " ".join("".join(kept).split())


def check_apart(prompt: str, source_prompt: str) -> None:
    """Refuses a text that is its own source, before any work."""
    if plain(prompt) and plain(prompt) == plain(source_prompt):
        why, hint = "so there is no direction to go", "say in the prompt what should change"
        raise OptionError(f"{prompt!r} and {source_prompt!r} mean the same", why, hint)


def texts(card: Mapping[str, Any]) -> set[str]:
    """The prompts that an adapter answers to, plain."""
    return {plain(text) for text in (card.get("prompt", ""), *card.get("aliases", ()))}


def card(folder: Path) -> dict[str, Any]:
    """What is known of the adapter in `folder`; nothing of a damaged one."""
    try:
        return adapter_card(Folder.at(folder))
    except OverpaintError:
        return {}


def check_free(folder: Path, *, overwrite: bool) -> None:
    """Refuses whatever is at `folder`, but an empty folder, or an adapter that may be replaced."""
    check_replaceable(
        folder,
        what=f"cannot write the adapter {shown(folder)}",
        there="an adapter is there already",
        held=_held,
        ours=lambda held: "prompt" in card(folder) and held <= FILES,
        overwrite=overwrite,
    )


def install(folder: Path, made: Path) -> None:
    """Put the adapter `made` where an earlier one is, or nothing; the strips of `folder` stay.

    Raises:
        OutputExistsError: other files came into the folder; `made` is still whole.
    """
    if folder.is_dir():
        if _held(folder) - FILES:
            why, hint = "other files came into the folder", "move them away, and tune again"
            raise OutputExistsError(f"cannot write the adapter {shown(folder)}", why, hint)
        if (folder / STRIPS).is_dir():
            (folder / STRIPS).rename(made / STRIPS)
        for name in FILES:
            (folder / name).unlink(missing_ok=True)
        folder.rmdir()
    made.rename(folder)


def _held(folder: Path) -> set[str]:
    """The names in a folder, without the strips that a tuning writes."""
    held = {path.name for path in folder.iterdir()}
    strips = folder / STRIPS
    sweep(strips)
    if STRIPS in held and strips.is_dir() and all(_is_strip(path) for path in strips.iterdir()):
        held.remove(STRIPS)
    return held


def _is_strip(path: Path) -> bool:
    return path.suffix == ".png" and path.stem.isdigit()


def _is_for(card: Mapping[str, Any], model: DiffusionModel, task: Task) -> bool:
    source = plain(task.source_prompt)
    return (
        card.get("base") == model.hash
        and plain(task.prompt) in texts(card)
        and (not source or source == plain(card.get("source_prompt", "")))
    )


def _folders() -> Iterator[Path]:
    for root in (WEIGHTS / "adapters", cache()):
        yield from sorted(path.parent for path in root.glob("[!.]*/card.json"))


def cache() -> Path:
    return user_cache_path("overpaint", appauthor=False) / "adapters" / str(TUNING)
