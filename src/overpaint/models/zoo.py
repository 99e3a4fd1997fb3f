"""From a model's name to the model: embedded ones, local folders, the Hugging Face cache."""

import difflib
import os
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

from overpaint.errors import ModelNotFoundError, OptionError
from overpaint.models.bundle import DiffusionModel
from overpaint.models.checkpoints import load_file
from overpaint.models.devices import pick_device, pick_dtype
from overpaint.models.families import flow, latent, pixel, stable
from overpaint.models.families.published import Options
from overpaint.models.families.tiny import tiny, tiny_latent, tiny_text
from overpaint.models.folders import Folder
from overpaint.models.hub import cached, is_id

T = TypeVar("T")
WEIGHTS = Path(__file__).parent.parent / "weights"
# Each has holds(folder) and load(folder, ...).
FAMILIES: tuple[ModuleType, ...] = (stable, flow, latent, pixel)
AUTO, PLAIN, READING = "auto", "portraits", "portraits-latent"
TINY = {"tiny": tiny, "tiny-latent": tiny_latent, "tiny-text": tiny_text}  # for tests
INDEX, PARTS = "model_index.json", ("vae", "text_encoder")  # of a pipeline that reads texts
# What they are, for cards that do not say it themselves.
TITLES = {
    "portraits": "diffusion model of portrait photos, 64 x 64 pixels",
    "portraits-latent": "text-to-image model of portraits, 128 x 128 pixels",
    "clip": "CLIP of rendered portraits, which guides tuning",
    "clip-check": "CLIP that never guides, to rank edits by",
    "judge": "classifier of attributes and styles, which evaluates edits",
    "identity": "face encoder: how alike two faces are",
}


def load(
    name: str | Path, device: str = "auto", dtype: str = "auto", **options: Any
) -> DiffusionModel:
    """The model called `name`: embedded, else a folder or file, else downloaded before; no network.

    Args:
        options: what the file of a checkpoint does not tell, see `families.published.Options`.

    Raises:
        ModelNotFoundError: it is in none of these places, or of a kind that is not known here.
        UnsafeFileError: its files are not plain data, or do not fit together.
    """
    where = pick_device(device)
    kind = pick_dtype(dtype, where)
    if str(name) in TINY:
        return replace(TINY[str(name)](), dtype=kind)
    told, file = Options.parsed(options), Path(os.path.expanduser(str(name)))
    if os.path.isfile(file):
        return load_file(file, told, device=where, dtype=kind)
    if options:
        what, why = f"{name} takes no options", "its configuration says all"
        raise OptionError(what, why, "They are for a checkpoint's single file.")
    folder, plain = _find(str(name))
    for family in FAMILIES:
        if family.holds(folder):
            model: DiffusionModel = family.load(folder, device=where, dtype=kind)
            return replace(model, name=plain)
    if not folder.has(INDEX) and all(folder.has(f"{part}/config.json") for part in PARTS):
        what, why = f"{INDEX} is missing in {folder.path}", "it says what the folders beside it are"
        raise ModelNotFoundError(what, why, "Copy it from where the model is from.")
    found = _foreign(folder)
    raise ModelNotFoundError(
        f"{folder.path} holds no model that can be loaded",
        found or "there is neither unet/config.json nor config.json in it",
        "Stable Diffusion 1, 2 and XL, SD3, FLUX, and folders with a UNet2DModel are."
        if found
        else "",
    )


def models() -> list[dict[str, Any]]:
    """Cards of all that is embedded, each with its `name` and `kind`."""
    found = []
    for path in sorted(WEIGHTS.glob("**/card.json")):
        folder = path.parent
        parent = folder.parent.name
        kind = "model" if (folder / "unet").is_dir() else folder.name
        kind = parent.removesuffix("s") if folder.parent != WEIGHTS else kind
        name = folder.relative_to(WEIGHTS).as_posix()
        card = Folder.at(folder).card()
        title = TITLES.get(name, card.get("prompt", ""))
        found.append({"title": title, **card, "name": name, "kind": kind})
    return found


def names() -> list[str]:
    """The embedded diffusion models."""
    return [unet.parent.name for unet in sorted(WEIGHTS.glob("*/unet"))]


def reading() -> list[str]:
    """Those of them that read texts."""
    return [name for name in names() if (WEIGHTS / name / "text_encoder").is_dir()]


def suited(model: T, *, reads: bool) -> T | str:
    """`model`; where it is "auto", the embedded one that reads texts, or the one that does not."""
    return (READING if reads else PLAIN) if model == AUTO else model


def embedded(name: str) -> Path:
    """The folder of an embedded part, such as "clip" or "adapters"."""
    path = WEIGHTS / name
    if not path.is_dir():
        raise ModelNotFoundError(f"This build has no embedded {name}", f"{path} is missing")
    return path


def _find(name: str) -> tuple[Folder, str]:
    """Where a model lies, and its name without any path, as records have it."""
    if name in names():
        return Folder.at(WEIGHTS / name), name
    path = Path(os.path.expanduser(name))
    if os.path.isdir(path):  # False also for what can be no path
        return Folder.at(path), path.resolve().name
    if is_id(name):
        return cached(name), name
    if path.name != name:
        why, hint = "there is no such folder", "Check the path."
        raise ModelNotFoundError(f"There is no model {name!r}", why, hint)
    close = difflib.get_close_matches(name, names(), 1)
    raise ModelNotFoundError(
        f"There is no model {name!r}",
        "it is neither embedded nor a folder nor a Hugging Face id",
        f"Did you mean {close[0]!r}?" if close else f"Embedded: {', '.join(names()) or 'none'}.",
    )


def _foreign(folder: Folder) -> str:
    """What is said against a model of another kind; nothing where there is none."""
    for name in (INDEX, "unet/config.json", "config.json"):
        if folder.has(name):
            config = folder.json(name)
            kind = config.get("_class_name") or config.get("model_type") or "what it holds"
            return f"{kind!s:.40} is not supported"
    return ""
