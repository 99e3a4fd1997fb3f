"""What an inversion fits at great cost is kept in a folder, under all that it depends on."""

import contextlib
import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import torch
from torch import Tensor

from overpaint.core.schedule import Level
from overpaint.data.placing import place
from overpaint.errors import OverpaintError
from overpaint.inversions.null_text import BOUND, STEPS
from overpaint.inversions.registry import Inversion, find
from overpaint.inversions.restoring import unpacked
from overpaint.inversions.source import Source
from overpaint.inversions.storing import packed
from overpaint.inversions.trajectory import Trajectory
from overpaint.models.bundle import DiffusionModel

FITTING = 1  # raised when a fit changes: what was kept before is not used
MOST = 10**9  # bytes of all files together; the ones unused for longest go first
COSTLY: Mapping[str, tuple[float, ...]] = {"null-text": (BOUND, STEPS)}
"""The inversions that fit by descent, and the numbers that they do it by."""


def place_of(
    folder: Path | None,
    model: DiffusionModel,
    inversion: Inversion,
    source: Source,
    *,
    x0: Tensor,
    levels: Sequence[Level],
) -> Path | None:
    """The file of this very inversion of `x0` (B, ...); None where nothing would be kept."""
    key = source.key
    if folder is None or inversion.name not in COSTLY or key is None or not key.model:
        return None
    if key.scale == 1:  # nothing is fitted
        return None
    how = [inversion.name, COSTLY[inversion.name], str(model.dtype), asdict(key)]
    path = [[level.t, level.alpha, level.sigma] for level in levels]
    own = hashlib.sha256(json.dumps([FITTING, how, path, list(x0.shape)]).encode())
    own.update(x0.detach().cpu().contiguous().numpy().tobytes())
    return folder / f"{own.hexdigest()[:32]}.safetensors"


def recalled(path: Path, source: Source, x0: Tensor, levels: Sequence[Level]) -> Trajectory | None:
    """What is kept at `path`; None where nothing is, or it is damaged or of something else."""
    try:
        found = unpacked(path, x0.device)
    except (OverpaintError, OSError):
        return None
    with contextlib.suppress(OSError):
        os.utime(path)  # so that it stays
    same = found.key == source.key and found.levels == tuple(levels)
    whole = found.empties.keys() == set(levels[:-1]) and torch.equal(found.picture, x0)
    return replace(found, remembered=True) if same and whole else None


def remember(
    trajectory: Trajectory,
    folder: Path | None,
    model: DiffusionModel,
    source: Source,
    *,
    x0: Tensor,
) -> None:
    """Keeps an inversion of `x0` (B, ...) that was costly, whatever is kept of it already."""
    inversion = find(trajectory.inversion)
    path = place_of(folder, model, inversion, source, x0=x0, levels=trajectory.levels)
    if path is not None:
        keep(trajectory, path)


def keep(trajectory: Trajectory, path: Path, most: int = MOST) -> None:
    """Writes it whole or not at all, and then removes the oldest files beyond `most` bytes.

    Where the folder cannot be written nothing is kept.
    """
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        place(packed(trajectory), path, overwrite=True)
        _prune(path.parent, most)


def _prune(folder: Path, most: int) -> None:
    """Other processes may write and remove here too."""
    known = []
    for path in folder.glob("*.safetensors"):
        with contextlib.suppress(FileNotFoundError):
            about = path.stat()
            known.append((about.st_mtime_ns, about.st_size, path))
    total = 0
    for _, size, path in sorted(known, reverse=True):
        if (total := total + size) > most:
            path.unlink(missing_ok=True)
