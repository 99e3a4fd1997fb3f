"""What half an edit is: the judge's probability along the degree of change, and a strip of it."""

import torch

from benchmarks.edits import AIMS, edited, photos_for
from benchmarks.worlds import read
from overpaint.models.zoo import WEIGHTS, load

DEGREES = (0.0, 0.25, 0.5, 0.75, 1.0)
NAMES = ("red-hair", "smiling", "sketch")


def rising(
    name: str, count: int = 16, degrees: tuple[float, ...] = DEGREES
) -> tuple[dict[str, float], torch.Tensor]:
    """The mean probability of what was asked, by degree; rows of a picture's edits (N, D, ...)."""
    aim, data, model = AIMS[name], photos_for((name,), count), load("portraits")
    found, columns = {}, []
    for degree in degrees:
        folder = WEIGHTS / "adapters" / name
        made = edited(model, folder, data.pictures, degree=degree)
        found[f"{name} {degree:g}"] = float(read(made)[aim.attribute][:, aim.index].mean())
        columns.append(made)
    return found, torch.stack(columns, dim=1)
