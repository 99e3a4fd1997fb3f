"""Pictures inverted once, in batches, and kept under a hash of all that their latents depend on."""

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

import torch
from platformdirs import user_cache_path
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from overpaint.core.schedule import Level
from overpaint.core.watch import Watch, unwatched
from overpaint.inversions.ddim import ddim
from overpaint.models.bundle import DiffusionModel


def inverted(
    model: DiffusionModel,
    x0: Tensor,
    levels: Sequence[Level],
    *,
    batch_size: int = 16,
    cache: Path | None = None,
    watch: Watch = unwatched,
) -> Tensor:
    """The states `(N, ...)` that DDIM inversion of `x0` `(N, ...)` reaches at `levels[0]`."""
    folder = cache or user_cache_path("overpaint", appauthor=False) / "latents"
    path = folder / f"{_key(model, x0, levels)}.safetensors"
    if (found := _read(path)) is not None:
        return found.to(x0.device)
    parts = list(x0.split(batch_size))
    states = [
        ddim(model, part, levels).noise for part in watch(parts, len(parts), "inverting pictures")
    ]
    latents = torch.cat(states)
    folder.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(f".{os.getpid()}.tmp")
    save_file({"latents": latents.cpu().contiguous()}, draft)
    draft.replace(path)
    return latents


def _key(model: DiffusionModel, x0: Tensor, levels: Sequence[Level]) -> str:
    digest = hashlib.sha256(f"ddim {model.hash} {model.dtype} {list(levels)}".encode())
    digest.update(x0.cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()[:24]


def _read(path: Path) -> Tensor | None:
    try:
        return load_file(path)["latents"] if path.exists() else None
    except (SafetensorError, KeyError, OSError):  # damaged: made anew
        return None
