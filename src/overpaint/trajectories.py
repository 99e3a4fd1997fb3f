"""Trajectories in files: one inversion serves many edits."""

import hashlib
import os
from dataclasses import replace
from pathlib import Path

import torch
from platformdirs import user_cache_path

from overpaint.data.sources import portable_name, shown
from overpaint.data.writing import check_data_target, write_data
from overpaint.errors import OptionError
from overpaint.inversions.restoring import unpacked
from overpaint.inversions.storing import packed
from overpaint.inversions.trajectory import Trajectory
from overpaint.methods.remembering import FITTING

SUFFIX = ".safetensors"


def check_target(path: str | os.PathLike, *, overwrite: bool = False) -> Path:
    """The file that would be written; whatever stands against it is said before any work."""
    return check_data_target(path, SUFFIX, overwrite=overwrite)


def save(trajectory: Trajectory, path: str | os.PathLike, *, overwrite: bool = False) -> Path:
    """Writes a trajectory whole, or not at all."""
    return write_data(packed(trajectory), path, SUFFIX, overwrite=overwrite)


def load(path: str | os.PathLike, device: torch.device | str = "cpu") -> Trajectory:
    """The trajectory in a file; `inversions.matching.check` says whether it is of this picture.

    Raises:
        OptionError: there is no such file.
        UnsafeFileError: it is damaged, or something else.
    """
    file = Path(os.path.expanduser(os.fsdecode(path)))
    if not file.is_file():
        what = f"cannot read the trajectory {shown(file)}"
        raise OptionError(what, "there is no such file", "check the path")
    found = unpacked(file, device)
    with open(file, "rb") as content:
        sha256 = hashlib.file_digest(content, "sha256").hexdigest()
    return replace(found, name=portable_name(file), hash=sha256)


def opened(given: str | os.PathLike | Trajectory) -> Trajectory:
    """The trajectory in a file, or one that is at hand, with the hash that its file would have."""
    if isinstance(given, str | os.PathLike):
        return load(given)
    if not isinstance(given, Trajectory):
        raise OptionError("trajectory is neither a file nor a Trajectory", f"got {given!r:.40}")
    sha256 = hashlib.sha256(packed(given)).hexdigest()
    return replace(given, name=given.name if sha256 == given.hash else "", hash=sha256)


def cache() -> Path:
    """Where the trajectories of costly inversions are kept between edits."""
    return user_cache_path("overpaint", appauthor=False) / "fittings" / str(FITTING)
