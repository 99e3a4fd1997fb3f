"""Turn a checkpoint's file into a folder of today's libraries: whole, or not at all."""

import os
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from torch import Tensor

from overpaint.data.sources import shown
from overpaint.data.staging import check_replaceable, staged
from overpaint.errors import ModelNotFoundError, OptionError, OverpaintError
from overpaint.memory import memory_errors
from overpaint.models import arcface, openai
from overpaint.models.checkpoints import recognised
from overpaint.models.families.published import Options
from overpaint.models.files import read_file
from overpaint.models.folders import Folder, fingerprint, shapes
from overpaint.models.networks import write_card, write_converted

PARTS: dict[str, ModuleType] = {"CLIP": openai, "IR-SE50": arcface}  # each has holds and write
FILES = {
    *("unet", "scheduler", "card.json"),
    *("config.json", "model.safetensors", "preprocessor_config.json"),
}


def convert(
    file: str | Path, folder: str | Path, *, overwrite: bool = False, **options: Any
) -> tuple[Path, dict[str, Any]]:
    """Write a checkpoint as a folder of diffusers or transformers; returns it and its card.

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
        tensors = read_file(source)
        of = {"source": source.name, "source_sha256": fingerprint(source)}
        part = next((kind for kind in PARTS if PARTS[kind].holds(shapes(tensors))), None)
        if part is None:
            card = of | _unet(source, tensors, told, options, made)
        else:
            card = of | _part(part, source, tensors, options, made)
        write_card(made, card)
    return target, card


def _unet(
    source: Path,
    tensors: Mapping[str, Tensor],
    told: Options,
    given: Mapping[str, Any],
    folder: Path,
) -> dict[str, Any]:
    """Write a diffusion model; returns what its card says of it."""
    found = recognised(source, tensors, told)
    write_converted(folder, found.config, found.tensors, found.scheduler)
    return {
        "title": f"{found.family} checkpoint, {found.config['sample_size']} pixels",
        "family": found.family,
        "given": {name: found.assumed[name] for name in given},
        "assumed": {name: v for name, v in found.assumed.items() if name not in given},
        "parameters": sum(tensor.numel() for tensor in found.tensors.values()),
    }


def _part(
    kind: str,
    source: Path,
    tensors: Mapping[str, Tensor],
    given: Mapping[str, Any],
    folder: Path,
) -> dict[str, Any]:
    """Write a part that guides or measures; returns what its card says of it."""
    if given:
        raise OptionError(f"A {kind} checkpoint has no option {min(given)!r:.40}")
    PARTS[kind].write(tensors, source, folder)
    return {
        "title": f"{kind} checkpoint",
        "family": kind,
        "given": {},
        "assumed": {},
        "parameters": sum(tensor.numel() for tensor in tensors.values()),
    }


def _check_free(folder: Path, *, overwrite: bool) -> None:
    """Refuses what is at `folder`, but an empty folder, or a conversion that may be replaced."""
    check_replaceable(
        folder,
        what=f"Cannot write {shown(folder)}",
        there="a converted checkpoint is there",
        ours=lambda held: held <= FILES and "source_sha256" in _card(folder),
        overwrite=overwrite,
    )


def _card(folder: Path) -> dict[str, Any]:
    try:
        return Folder.at(folder).card()
    except OverpaintError:
        return {}
