"""Outside of the mask every byte stays: counted from file to file, of any size, mode and mask."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

import overpaint
from benchmarks.worlds import clip
from overpaint.models.bundle import DiffusionModel
from overpaint.models.zoo import load

METHODS = ("sdedit", "blended")
MODES = ("L", "RGB", "RGBA")
SIDES = (40, 200)  # of a picture, the shortest and the longest
STEPS = 3  # that the edit is poor costs no byte outside
PROMPT = "a person with red hair"
Figures = dict[str, float]


@dataclass(frozen=True)
class Case:
    """A picture, its mask, and whether the model is shown the mask's surroundings alone."""

    picture: Image.Image
    mask: Image.Image
    zoom: str

    @property
    def kept(self) -> np.ndarray:
        """(H, W) bool: where nothing may change."""
        return np.asarray(self.mask) == 0


def measured(count: int = 64) -> Figures:
    """Files of each method with any byte changed outside, and with any changed inside."""
    model, figures = load("portraits"), Figures()
    for method in METHODS:
        with TemporaryDirectory() as folder:
            found = [_changed(case, method, model, Path(folder)) for case in cases(count)]
        for where, changed in zip(("outside", "inside"), zip(*found, strict=True), strict=True):
            figures[f"{method}: files of {count} changed {where}"] = float(sum(changed))
    return figures


def cases(count: int) -> Iterator[Case]:
    """Pictures of chance, of every colour mode in turn, under hard and soft masks."""
    for number in range(count):
        rng = np.random.default_rng(number)
        width, height = (int(side) for side in rng.integers(*SIDES, 2, endpoint=True))
        picture = _picture(rng, (width, height), MODES[number % len(MODES)])
        mask = _mask(rng, (width, height), soft=number // 3 % 2 == 1)
        yield Case(picture, mask, "on" if number // 6 % 2 == 1 else "off")


def _picture(rng: np.random.Generator, size: tuple[int, int], mode: str) -> Image.Image:
    """Large spots of colour under fine noise; transparency of every degree where there is any."""
    channels = {"L": 1, "RGB": 3, "RGBA": 4}[mode]
    planes = []
    for _ in range(channels):
        spots = Image.fromarray(rng.integers(0, 256, (4, 4), np.uint8))
        smooth = np.asarray(spots.resize(size, Image.Resampling.BICUBIC)).astype(int)
        planes.append(np.clip(smooth + rng.integers(-8, 9, smooth.shape), 0, 255))
    return Image.fromarray(np.stack(planes, 2).astype(np.uint8).squeeze())


def _mask(rng: np.random.Generator, size: tuple[int, int], *, soft: bool) -> Image.Image:
    """An ellipse somewhere in the picture, half as wide and high as it."""
    mask = Image.new("L", size)
    box = np.array(size) // 2
    left, top = (int(corner) for corner in rng.integers(0, box, endpoint=True))
    ImageDraw.Draw(mask).ellipse((left, top, left + int(box[0]), top + int(box[1])), 255)
    return mask.filter(ImageFilter.GaussianBlur(3)) if soft else mask


def _changed(case: Case, method: str, model: DiffusionModel, folder: Path) -> tuple[bool, bool]:
    """Whether any byte of the file that comes out differs outside of the mask, and inside."""
    source, mask, target = (folder / f"{name}.png" for name in ("source", "mask", "target"))
    case.picture.save(source)
    case.mask.save(mask)
    guide = {"clip": clip()} if method == "blended" else {}
    overpaint.edit(
        source,
        PROMPT,
        method=method,
        model=model,
        mask=mask,
        zoom=case.zoom,
        num_inference_steps=STEPS,
        **guide,
    ).save(target, overwrite=True)
    with Image.open(target) as made:
        before = np.asarray(case.picture.convert(made.mode))
        differs = np.asarray(made) != before
    differs = differs.reshape(*case.kept.shape, -1).any(2)
    return bool(differs[case.kept].any()), bool(differs[~case.kept].any())
