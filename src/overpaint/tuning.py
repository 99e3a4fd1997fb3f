"""Tune a model to a text, and put the adapter where it belongs: whole, or not at all."""

import os
import shutil
from pathlib import Path
from typing import Any

from overpaint import adapters
from overpaint.core.watch import Watch, unwatched
from overpaint.errors import OptionError
from overpaint.memory import memory_errors
from overpaint.models.bundle import DiffusionModel
from overpaint.models.zoo import load


def tune(
    prompt: str,
    *,
    source_prompt: str = "",
    model: str | Path = "portraits",
    folder: Path | None = None,
    overwrite: bool = False,
    device: str = "auto",
    watch: Watch = unwatched,
    **options: Any,
) -> tuple[Path, dict[str, Any]]:
    """Tune `model` to a text and return the adapter's folder and card; edits find it from then.

    Args:
        folder: where to put it instead; an edit has to be given it.
        overwrite: replace an adapter that is there.

    Raises:
        OutputExistsError: something is in the way; nothing was tuned.
    """
    if folder is not None:
        adapters.check_free(folder, overwrite=overwrite)
    base = load(model, device)
    where = adapters.cached(base, prompt, source_prompt) if folder is None else folder.resolve()
    with memory_errors("tuning"):
        tuned(base, prompt, source_prompt, where, watch, **options)
    return folder or where, adapters.card(where)


def tuned(
    model: DiffusionModel,
    prompt: str,
    source_prompt: str,
    target: Path,
    watch: Watch,
    **options: Any,
) -> Path:
    """Tune into `target`; of what is there only an adapter's own files are replaced."""
    if not adapters.plain(prompt):
        raise OptionError("There is nothing to tune for", f"the prompt is {prompt!r}")
    from overpaint.recipes import diffusionclip

    staging = target.with_name(f".{target.name}.{os.getpid()}")
    staging.mkdir(parents=True)
    try:
        diffusionclip.tune(model, prompt, source_prompt, folder=staging, watch=watch, **options)
        if target.is_dir():
            for name in adapters.FILES:
                (target / name).unlink(missing_ok=True)
            target.rmdir()  # fails where anything else is in it
        staging.rename(target)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return target
