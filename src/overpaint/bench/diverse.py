"""How unlike the pictures are that were made of one text: DIV of DreamBooth (2208.12242)."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from overpaint.bench import rows
from overpaint.bench.making import Job
from overpaint.bench.networks import pixels
from overpaint.bench.running import Spread
from overpaint.data.images import read_image
from overpaint.metrics import likeness

Set = tuple[str, str]
"""A way, and the name that the edits of one text have in common."""
Distance = Callable[[Tensor, Tensor], float]


def diverse(spread: Spread, distance: Distance) -> Spread:
    """The rows of `spread`; those that complete a text's pictures have `div`, the mean of pairs.

    So the mean over rows is the mean over texts. Edits of one text are named alike up to a last
    "_"; pictures of other sizes are brought to the first's.
    """

    def through(jobs: Sequence[Job]) -> Iterator[dict[str, Any]]:
        missing = Counter(_set(job.way.name, job.task.name) for job in jobs)
        folder = jobs[0].setting.folder if jobs else Path()
        there = defaultdict[Set, list[Path]](list)
        for row in rows.read(folder) if jobs else ():
            _note(there, row, folder)
        for row in spread(jobs):
            of = _set(row["way"], row["edit"])
            _note(there, row, folder)
            missing[of] -= 1
            whole = not missing[of] and len(there[of]) > 1
            yield row | {"div": _apart(sorted(there[of]), distance)} if whole else row

    return through


def _set(way: str, edit: str) -> Set:
    return way, edit.rpartition("_")[0]


def _note(there: dict[Set, list[Path]], row: rows.Row, folder: Path) -> None:
    if "path" in row:
        there[_set(row["way"], row["edit"])].append(folder / row["path"])


def _apart(paths: Sequence[Path], distance: Distance) -> float:
    """The mean over pairs."""
    images = [pixels(read_image(path).on_white()) for path in paths]
    size = images[0].shape[2:]
    images = [
        each
        if each.shape[2:] == size
        else F.interpolate(each, size, mode="bicubic", antialias=True).clamp(0, 1)
        for each in images
    ]
    found = torch.zeros(len(images), len(images))
    for i, j in combinations(range(len(images)), 2):
        found[i, j] = found[j, i] = distance(images[i], images[j])
    return float(likeness.div(found))
