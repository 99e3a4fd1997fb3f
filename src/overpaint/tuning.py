"""Tune a model to a text, and put the adapter where it belongs: whole, or not at all."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from overpaint import adapters
from overpaint.core.watch import Watch, unwatched
from overpaint.data.locking import sole
from overpaint.errors import OptionError
from overpaint.memory import memory_errors
from overpaint.models.bundle import DiffusionModel
from overpaint.models.zoo import load
from overpaint.recipes.descent import Place
from overpaint.recipes.fit import Changed

STRIPS = 25  # iterations from one strip of pictures to the next, in a folder of the user's


def tune(
    prompt: str,
    *,
    source_prompt: str = "",
    model: str | Path = "portraits",
    folder: Path | None = None,
    overwrite: bool = False,
    allow_change: bool = False,
    device: str = "auto",
    watch: Watch = unwatched,
    **options: Any,
) -> tuple[Path, dict[str, Any]]:
    """Tune `model` to a text and return the adapter's folder and card; edits find it from then.

    A tuning that was stopped, even killed, goes on where it was, to the same bits.

    Args:
        folder: where to put it instead; an edit has to be given it.
        overwrite: replace an adapter that is there, or a stopped tuning under other settings.
        allow_change: go on with a stopped tuning although the settings were changed.

    Raises:
        OutputExistsError: something is in the way; nothing was tuned.
        OptionError: an option is not usable, or a stopped tuning had others.
    """
    check_texts(prompt, source_prompt)
    if folder is not None:
        adapters.check_free(folder, overwrite=overwrite)
        options = {"strip_every": STRIPS, **options}
    base = load(model, device)
    where = adapters.cached(base, prompt, source_prompt) if folder is None else folder.resolve()
    changed: Changed = "allow" if allow_change else "afresh" if overwrite else "refuse"
    with memory_errors("tuning"), _staged(where, watch) as (staging, _):
        if folder is not None:  # another process may have been faster
            adapters.check_free(folder, overwrite=overwrite)
        _tuned(base, prompt, source_prompt, where, staging, watch, changed, options)
    return folder or where, adapters.card(where)


def tuned(
    model: DiffusionModel, prompt: str, source_prompt: str, target: Path, watch: Watch
) -> Path:
    """Tune into `target` as an edit does: by default options, and whatever was begun there."""
    check_texts(prompt, source_prompt)
    with _staged(target, watch) as (staging, waited):
        if not (waited and adapters.card(target)):  # else another process has just made it
            _tuned(model, prompt, source_prompt, target, staging, watch, "afresh", {})
    return target


def check_texts(prompt: str, source_prompt: str) -> None:
    """Refuses texts between which there is no way to go, before any work."""
    if not adapters.plain(prompt):
        why, hint = f"the prompt is {prompt!r}", "say with -p what pictures shall become"
        raise OptionError("There is nothing to tune for", why, hint)
    adapters.check_apart(prompt, source_prompt)


@contextmanager
def _staged(target: Path, watch: Watch) -> Iterator[tuple[Path, bool]]:
    """A folder beside `target` for one process at a time, and whether there was a wait for it.

    It stays behind, with its checkpoints, only where a tuning was stopped.
    """
    staging = target.with_name(f".{target.name}.tuning")
    with sole(staging, watch) as waited:
        try:
            yield staging, waited
        except BaseException:
            if not any(staging.glob("checkpoints/step-*")):
                shutil.rmtree(staging, ignore_errors=True)
            raise
        shutil.rmtree(staging, ignore_errors=True)


def _tuned(
    model: DiffusionModel,
    prompt: str,
    source_prompt: str,
    target: Path,
    staging: Path,
    watch: Watch,
    changed: Changed,
    options: dict[str, Any],
) -> None:
    from overpaint.recipes import diffusionclip

    place = Place(staging / "checkpoints", target / adapters.STRIPS, changed)
    made = staging / "adapter"
    shutil.rmtree(made, ignore_errors=True)
    diffusionclip.tune(
        model, prompt, source_prompt, folder=made, place=place, watch=watch, **options
    )
    adapters.install(target, made)
