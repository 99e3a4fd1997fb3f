"""One edit made in one way and scored: a row, with its pictures kept beside it."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from overpaint.bench.peaks import peak, reset
from overpaint.bench.task import Pictures, Task
from overpaint.bench.ways import CALIBRATION, NOTHING, TRUTH, Way
from overpaint.data.writing import write_image
from overpaint.editing import edit as made_by
from overpaint.errors import ModelNotFoundError, OutputExistsError, OverpaintError
from overpaint.models.bundle import DiffusionModel
from overpaint.models.zoo import load

SOURCE, TRUE, REGION = "source.png", "truth.png", "region.png"


@dataclass(frozen=True)
class Setting:
    """What is the same for every edit of a run.

    same: what all rows of a folder agree in, such as the side of the pictures.
    """

    folder: Path
    seed: int = 0
    same: Mapping[str, Any] = field(default_factory=dict)
    device: str = "auto"
    dtype: str = "auto"

    @property
    def shared(self) -> dict[str, Any]:
        """What stands in each row."""
        return {**self.same, "seed": self.seed}


@dataclass(frozen=True)
class Job:
    """An edit to be made in a way; `other` is another edit, whose source calibrates."""

    way: Way
    task: Task
    other: Task
    setting: Setting

    @property
    def folder(self) -> Path:
        """Of all that belongs to the edit."""
        return self.setting.folder / self.task.name.replace("/", "-")

    @property
    def path(self) -> Path:
        """Of the picture that is made."""
        return self.folder / f"{self.way.name.replace('/', '-')}.png"  # of a model that is a folder


def head(job: Job) -> dict[str, Any]:
    """What a row begins with: what was asked."""
    task = job.task
    texts = {"source_prompt": task.source_prompt, "prompt": task.prompt}
    about = {"edit": task.name, "group": task.group, **texts}
    return {**about, "way": job.way.name, **job.setting.shared}


def made(job: Job) -> dict[str, Any]:
    """What was asked, what came of it, and its scores.

    The pictures stand in a folder of the edit's name: its own, and one of each way with its record.

    Raises:
        ModelNotFoundError: that is no failure of the edit.
    """
    try:
        return head(job) | _made(job)
    except ModelNotFoundError:
        raise
    except OverpaintError as error:
        return head(job) | {"error": str(error), "success": 0.0}


def _made(job: Job) -> dict[str, Any]:
    way, task, setting, pictures = job.way, job.task, job.setting, kept(job)
    if way.method in CALIBRATION:
        picture = _calibrating(job, pictures)
        if picture is None:
            return {"left_out": "it has no known truth"}
        return task.scores(picture)
    asked = way.asked(task, job.folder / REGION)
    if asked is None:
        return {"left_out": "it has no adapter, or no region, for this method"}
    asked["model"] = _model(way.on, setting.device, setting.dtype)
    picture, more = _edited(job, {**asked, "seed": setting.seed})
    return more | task.scores(picture)


@lru_cache(maxsize=1)
def _model(name: str, device: str, dtype: str) -> DiffusionModel:
    """The last one stays loaded: jobs of one way come one after another."""
    return load(name, device, dtype)


def _edited(job: Job, asked: dict[str, Any]) -> tuple[np.ndarray, dict[str, Any]]:
    """(H, W, 3) uint8, which is kept in the folder with its record, and what it took."""
    reset()
    held = peak()
    result = made_by(job.folder / SOURCE, **asked)
    most = peak()
    result.save(job.path, overwrite=True)
    return np.array(result.images[0].convert("RGB")), {
        "path": f"{job.folder.name}/{job.path.name}",
        "calls": result.calls,
        "seconds": result.seconds,
        "memory": (most - held) / 2**20,
    }


def _calibrating(job: Job, pictures: Pictures) -> np.ndarray | None:
    """The source, the true edit if it is known, or the source of another edit."""
    if job.way.method == NOTHING:
        return pictures.source
    if job.way.method == TRUTH:
        return pictures.truth
    other = job.other.pictures().source
    height, width = pictures.source.shape[:2]
    return np.array(Image.fromarray(other).resize((width, height)))


def kept(job: Job) -> Pictures:
    """An edit's pictures, which then stand in its folder: those that are known."""
    folder, pictures = job.folder, job.task.pictures()
    folder.mkdir(parents=True, exist_ok=True)
    each = {SOURCE: pictures.source, TRUE: pictures.truth, REGION: pictures.region}
    for name, picture in each.items():
        if picture is not None and not (folder / name).exists():
            pixels = picture.astype(np.uint8) * 255 if picture.dtype == bool else picture
            with suppress(OutputExistsError):  # another worker was as far
                write_image(Image.fromarray(pixels), folder / name)
    return pictures
