"""What comes of an edit."""

import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from PIL import Image

from overpaint.data.record import Record
from overpaint.data.writing import write_image


@dataclass(frozen=True)
class Result:
    """What came of an edit."""

    images: list[Image.Image]  # of the input's size, one for each seed
    record: Record
    calls: int  # forwards of the network, all images together: of a batch of B they are B
    seconds: float  # of the edit itself, the model loaded
    mask: Image.Image | None = None  # where it was edited; with several seeds, by the first
    contrast: Image.Image | None = None  # by which that was found, where the method did so
    warnings: tuple[str, ...] = ()

    def save(
        self, path: str | os.PathLike[str], index: int = 0, *, overwrite: bool = False
    ) -> Path:
        """Write one of the pictures with its record."""
        record = self.record.only(index)
        return write_image(self.images[index], path, record, overwrite=overwrite)


def together(results: Iterable[Result]) -> Result:
    """The results of one edit's seeds as one; each warning once."""
    each = list(results)
    seeds = tuple(seed for result in each for seed in result.record.seeds)
    return replace(
        each[0],
        images=[image for result in each for image in result.images],
        record=replace(each[0].record, seeds=seeds),
        calls=sum(result.calls for result in each),
        seconds=sum(result.seconds for result in each),
        warnings=tuple(dict.fromkeys(note for result in each for note in result.warnings)),
    )
