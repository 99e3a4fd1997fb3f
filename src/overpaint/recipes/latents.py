"""Pictures inverted once, in batches, each kept under a hash of all that its latent depends on."""

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
    """The states `(N, ...)` that DDIM inversion of `x0` `(N, ...)` reaches at `levels[0]`.

    A batch is kept as soon as it is done, so an interruption costs no more than one.
    """
    folder = cache or user_cache_path("overpaint", appauthor=False) / "latents"
    paths = [folder / f"{key}.safetensors" for key in _keys(model, x0, levels)]
    found = [_read(path, x0.shape[1:]) for path in paths]
    missing = [i for i, latent in enumerate(found) if latent is None]
    parts = [missing[k : k + batch_size] for k in range(0, len(missing), batch_size)]
    for part in watch(parts, len(parts), "inverting pictures") if parts else ():
        for i, latent in zip(part, ddim(model, x0[part], levels).noise.cpu(), strict=True):
            _keep(latent, paths[i])
            found[i] = latent
    return torch.stack([latent for latent in found if latent is not None]).to(x0.device)


def _keys(model: DiffusionModel, x0: Tensor, levels: Sequence[Level]) -> list[str]:
    """A name for each picture, by solver, weights, precision, grid and pixels."""
    shared = hashlib.sha256(f"ddim {model.hash} {model.dtype} {list(levels)}".encode())
    names = []
    for picture in x0.cpu():
        own = shared.copy()
        own.update(f"{tuple(picture.shape)}".encode() + picture.contiguous().numpy().tobytes())
        names.append(own.hexdigest()[:32])
    return names


def _keep(latent: Tensor, path: Path) -> None:
    """Write it whole, or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(f".{os.getpid()}.tmp")
    save_file({"latent": latent.contiguous()}, draft)
    draft.replace(path)


def _read(path: Path, shape: torch.Size) -> Tensor | None:
    """What was kept, or None where nothing was or it is damaged: then it is made anew."""
    try:
        latent = load_file(path)["latent"] if path.exists() else None
    except (SafetensorError, KeyError, OSError):
        return None
    return latent if latent is not None and latent.shape == shape else None
