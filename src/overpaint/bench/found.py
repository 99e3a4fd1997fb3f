"""Pictures that another system made, scored as edits are."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from overpaint.bench.making import Job, head, kept
from overpaint.bench.running import Spread
from overpaint.data.images import read_image
from overpaint.data.writing import write_image
from overpaint.errors import ImageReadError

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")
Read = Callable[[Any], np.ndarray | None]
"""The picture (H, W, 3) uint8 that was made of a task; None if there is none."""


def named(folder: Path, name: str) -> np.ndarray | None:
    """The picture of that name, whatever its suffix."""
    paths = (folder / f"{name}{suffix}" for suffix in SUFFIXES)
    return next((read_image(path).on_white() for path in paths if path.is_file()), None)


def found(read: Read) -> Spread:
    """Gives the rows of pictures that are there; they are kept beside their sources."""

    def spread(jobs: Sequence[Job]) -> Iterator[dict[str, Any]]:
        return (_row(job, read) for job in jobs)

    return spread


def _row(job: Job, read: Read) -> dict[str, Any]:
    try:
        picture = read(job.task)
    except ImageReadError as error:
        return head(job) | {"error": str(error)}
    if picture is None:
        return head(job) | {"left_out": "there is no such picture"}
    kept(job)
    write_image(Image.fromarray(picture), job.path, overwrite=True)
    path = f"{job.folder.name}/{job.path.name}"
    return head(job) | {"path": path} | job.task.scores(picture)
