"""Turn a checkpoint's file into a diffusers folder: whole, or not at all."""

import os
from pathlib import Path
from typing import Any

from overpaint.data.sources import shown
from overpaint.data.staging import staged
from overpaint.errors import ModelNotFoundError, OutputExistsError, OverpaintError
from overpaint.memory import memory_errors
from overpaint.models.checkpoints import read_file
from overpaint.models.families.published import Options
from overpaint.models.folders import Folder, fingerprint
from overpaint.models.networks import write_converted

FILES = {"unet", "scheduler", "card.json"}


def convert(
    file: str | Path, folder: str | Path, *, overwrite: bool = False, **options: Any
) -> tuple[Path, dict[str, Any]]:
    """Write the checkpoint in `file` as a diffusers folder; returns it and its card.

    Args:
        overwrite: replace a converted checkpoint that is there.
        options: what the file does not tell, see `models.families.published.Options`.

    Raises:
        OutputExistsError: something is in the way; nothing was read.
        ModelNotFoundError: there is no such file, or it is of no known family.
        UnsafeFileError: the file could run code, is damaged, or does not fit together.
    """
    told, source, target = Options.parsed(options), Path(file).expanduser(), Path(folder)
    _check_free(target, overwrite=overwrite)
    if not os.path.isfile(source):
        why = "it is a folder" if os.path.isdir(source) else "there is no such file"
        raise ModelNotFoundError(f"There is no checkpoint {shown(source)}", why, "Check the path.")
    with memory_errors("checkpoint"), staged(target) as made:
        found = read_file(source, told)
        card = {
            "title": f"{found.family} checkpoint, {found.config['sample_size']} pixels",
            "source": source.name,
            "source_sha256": fingerprint(source),
            "family": found.family,
            "given": {name: found.assumed[name] for name in options},
            "assumed": {k: v for k, v in found.assumed.items() if k not in options},
            "parameters": sum(tensor.numel() for tensor in found.tensors.values()),
        }
        write_converted(made, found.config, found.tensors, found.scheduler, card)
    return target, card


def _check_free(folder: Path, *, overwrite: bool) -> None:
    """Refuses what is at `folder`, but an empty folder, or a conversion that may be replaced."""
    what, hint = f"Cannot write {shown(folder)}", "Name a folder that is not there yet."
    if not os.path.lexists(folder):
        return
    if not folder.is_dir():
        raise OutputExistsError(what, "a file is there already", hint)
    held = {path.name for path in folder.iterdir()}
    if held and not (held <= FILES and "source_sha256" in _card(folder)):
        raise OutputExistsError(what, "the folder holds other files", hint)
    if held and not overwrite:
        why, hint = "a converted checkpoint is there", "Choose another name, or give --overwrite."
        raise OutputExistsError(what, why, hint)


def _card(folder: Path) -> dict[str, Any]:
    try:
        return Folder.at(folder).card()
    except OverpaintError:
        return {}
