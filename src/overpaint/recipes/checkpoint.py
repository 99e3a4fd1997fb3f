"""Checkpoints that survive a kill at any moment: hashed, renamed into place, checked when read."""

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors.torch import load_file, save_file
from torch import Tensor

from overpaint.errors import CheckpointError, OptionError

FORMAT = "overpaint-checkpoint-1"
PARTS = ("weights", "ema", "optimizer")
KEPT = 2  # the newest and the one before it

Tensors = dict[str, Tensor]


@dataclass(frozen=True)
class Checkpoint:
    """One moment of a run; all randomness follows from `step` and the seed in `settings`."""

    step: int
    settings: Mapping[str, Any]
    weights: Tensors
    ema: Tensors
    optimizer: Tensors
    figures: Mapping[str, float]


def settings_hash(settings: Mapping[str, Any]) -> str:
    """sha256 of the settings as canonical JSON."""
    return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()


def save(folder: Path, checkpoint: Checkpoint) -> Path:
    """Write a checkpoint beside the earlier ones, verify it, and only then drop the oldest."""
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"step-{checkpoint.step:08d}"
    if target.exists() and not _fault(target):
        return target
    draft = folder / f".draft-{checkpoint.step:08d}"
    shutil.rmtree(draft, ignore_errors=True)
    shutil.rmtree(target, ignore_errors=True)
    draft.mkdir()
    for part in PARTS:
        tensors = {name: value.contiguous() for name, value in getattr(checkpoint, part).items()}
        save_file(tensors, draft / f"{part}.safetensors")
    manifest = {
        "format": FORMAT,
        "step": checkpoint.step,
        "settings": dict(checkpoint.settings),
        "settings_sha256": settings_hash(checkpoint.settings),
        "figures": dict(checkpoint.figures),
        "sha256": {f"{part}.safetensors": _sha256(draft / f"{part}.safetensors") for part in PARTS},
    }
    (draft / "manifest.json").write_text(json.dumps(manifest, indent=1, sort_keys=True))
    for path in (*draft.iterdir(), draft):
        _flush(path)
    draft.rename(target)
    _flush(folder)
    if fault := _fault(target):
        raise CheckpointError(f"the checkpoint {target} reads back wrong", fault, "check the disk")
    for old in _all(folder)[:-KEPT]:
        shutil.rmtree(old, ignore_errors=True)
    return target


def load(
    folder: Path, settings: Mapping[str, Any], *, allow_change: bool = False
) -> Checkpoint | None:
    """The newest checkpoint of a folder, or None where training never began.

    Raises:
        CheckpointError: the newest is damaged or foreign; the last good one is named.
        OptionError: it was made under other settings and `allow_change` is not given.
    """
    if not (found := _all(folder)):
        return None
    newest = found[-1]
    if fault := _fault(newest):
        good = next((path for path in reversed(found[:-1]) if not _fault(path)), None)
        hint = f"delete it to go on from {good.name}" if good else "start in another folder"
        raise CheckpointError(f"the checkpoint {newest} cannot be used", fault, hint)
    manifest = json.loads((newest / "manifest.json").read_text())
    changed = differences(manifest["settings"], settings)
    if changed and not allow_change:
        raise OptionError(
            f"{newest} was made under other settings",
            "; ".join(changed),
            "use the old settings, another folder, or allow the change (--allow-change)",
        )
    parts = {part: load_file(newest / f"{part}.safetensors") for part in PARTS}
    return Checkpoint(manifest["step"], settings, figures=manifest["figures"], **parts)


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """The settings that differ, each as "name: before -> after"."""
    before, after = json.loads(json.dumps([dict(before), dict(after)]))
    names = sorted(before.keys() | after.keys())
    return [
        f"{name}: {before.get(name)} -> {after.get(name)}"
        for name in names
        if before.get(name) != after.get(name)
    ]


def _all(folder: Path) -> list[Path]:
    """The checkpoint folders, oldest first."""
    return sorted(folder.glob("step-*"))


def _fault(path: Path) -> str:
    """What is wrong with a checkpoint folder; empty when every file has its hash."""
    try:
        manifest = json.loads((path / "manifest.json").read_text())
        if manifest["format"] != FORMAT:
            return f"its format is {manifest['format']!r}, not {FORMAT!r}"
        if path.name != f"step-{manifest['step']:08d}":
            return f"its manifest speaks of step {manifest['step']}"
        if manifest["settings_sha256"] != settings_hash(manifest["settings"]):
            return "the settings in its manifest were altered"
        hashes = {
            f"{part}.safetensors": manifest["sha256"][f"{part}.safetensors"] for part in PARTS
        }
        damaged = [name for name, digest in hashes.items() if _sha256(path / name) != digest]
        return f"not what was written: {', '.join(damaged)}" if damaged else ""
    except OSError as error:
        return f"{error.strerror or error}: {error.filename}"
    except (ValueError, KeyError, TypeError) as error:
        return f"its manifest is not readable ({type(error).__name__}: {error})"


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _flush(path: Path) -> None:
    """Have the operating system put a file or folder on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
