"""Trajectories in files: one inversion serves many edits."""

import os
from pathlib import Path

import torch

from overpaint.data.sources import shown
from overpaint.data.writing import check_data_target, write_data
from overpaint.errors import OptionError
from overpaint.inversions.restoring import unpacked
from overpaint.inversions.storing import packed
from overpaint.inversions.trajectory import Trajectory

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
    return unpacked(file, device)
