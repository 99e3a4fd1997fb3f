"""Edits done again from their record, and compared with what they made."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from overpaint.core.watch import Watch, unwatched
from overpaint.data.decoding import MAX_PIXELS
from overpaint.data.encoding import FORMATS, encode
from overpaint.data.images import Picture, read_image
from overpaint.data.metadata import read_record
from overpaint.data.record import Record
from overpaint.data.sniff import kind
from overpaint.data.sources import read_bytes
from overpaint.editing import Result, edit
from overpaint.errors import ImageReadError
from overpaint.recovering import Places, found


@dataclass(frozen=True)
class Replay:
    """The edit anew. verdict: "identical", "within one grey level", or "differs".

    Args:
        result: of the last edit, with the calls and seconds of all.
        largest: the largest difference in grey levels.
        share: of the values that differ.
        changed: what differs from the record, such as the version of a library.
        steps: every edit from the original on, the first one first.
        start: how many of them were not done again, since a picture of after them was at hand.
    """

    result: Result
    verdict: str
    largest: int
    share: float
    changed: tuple[str, ...]
    steps: tuple[Record, ...] = ()
    start: int = 0


def replay(
    picture: Path,
    *,
    image: Path | None = None,
    mask: Path | Sequence[Path] | None = None,
    model: str | None = None,
    adapter: Any = None,
    clip: str | None = None,
    trajectory: Path | None = None,
    max_pixels: int = MAX_PIXELS,
    device: str = "auto",
    watch: Watch = unwatched,
) -> Replay:
    """Do the edit that made `picture` again, and the ones before it where `image` was before them.

    Args:
        image, mask: where the originals are, if not near under their recorded names. What `image`
            is among the recorded edits' inputs, its content tells; with none it is the last one's.
        model: where the model is, if not found by its recorded name.
        adapter: where the recorded ones are, as for `edit` and in their order; weights, and masks
            that are not given anew, are the recorded ones.
        clip: the one that the edit was given, if any.
        trajectory: likewise, if not near under its recorded name.
        max_pixels: as the edit had it, where its picture was larger than usual.

    Raises:
        ImageReadError: the picture holds no record, or its original is not found.
    """
    steps = read_record(picture).chain
    before = read_image(picture, max_pixels=max_pixels)
    masks = [mask] if isinstance(mask, str | Path) else mask or []
    places = Places(picture, steps[-1], masks, model, adapter, clip, trajectory)
    start, original = _start(steps, image, picture)
    results, source = list[Result](), read_image(original, max_pixels=max_pixels)
    for k, step in enumerate(steps[start:], start=start):
        if results:
            source = _between(results[-1], steps[:k], step.input, max_pixels)
        how = places.arguments(step, device)
        made = edit(source, step.prompt, max_pixels=max_pixels, watch=watch, **how)
        results.append(made)
    told = dict.fromkeys(
        change
        for step, made in zip(steps[start:], results, strict=True)
        for change in _changed(step, made.record)
    )
    calls, seconds = (sum(getattr(each, n) for each in results) for n in ("calls", "seconds"))
    result = replace(results[-1], calls=calls, seconds=seconds)
    verdict, largest, share, notes = _compared(before, result, picture, max_pixels)
    return Replay(result, verdict, largest, share, (*notes, *told), steps, start)


def _start(steps: tuple[Record, ...], image: Path | None, picture: Path) -> tuple[int, Path]:
    """The edit to begin with, and the file of its input: the latest one that is there."""
    last = len(steps) - 1
    if image is not None:
        sha256 = hashlib.sha256(read_bytes(image)).hexdigest()
        fits = [k for k, step in enumerate(steps) if step.input_sha256 == sha256]
        return fits[-1] if fits else last, image
    lost = None
    for k in range(last, -1, -1):
        try:
            return k, found(steps[k].input, steps[k].input_sha256, picture, "--image FILE")
        except ImageReadError as error:
            lost = lost or error
    raise lost or AssertionError("a chain has one edit at least")


def _between(made: Result, steps: tuple[Record, ...], name: str, max_pixels: int) -> Picture:
    """What an edit made, as the next one read it from a file called `name`."""
    record = replace(steps[-1], history=steps[:-1])
    format = FORMATS.get(Path(name).suffix.lower(), "PNG")
    data = encode(made.images[0], format, record)
    return replace(read_image(data, max_pixels=max_pixels), name=name)


def _compared(
    before: Picture, result: Result, picture: Path, max_pixels: int
) -> tuple[str, int, float, tuple[str, ...]]:
    """Verdict, largest difference, share of values that differ, and a note on another size."""
    # As written: a JPEG holds the pixels that its compression left, the same ones each time.
    data = encode(result.images[0], kind(picture.read_bytes(), str(picture)))
    after = read_image(data, max_pixels=max_pixels)
    if before.size != after.size:
        return "differs", 255, 1.0, (f"size {before.size} -> {after.size}",)
    apart = np.abs(before.pixels.astype(np.int16) - after.pixels)
    largest = int(apart.max(initial=0))
    verdict = ("identical", "within one grey level")[largest] if largest <= 1 else "differs"
    return verdict, largest, float((apart > 0).mean()), ()


def _changed(before: Record, after: Record) -> tuple[str, ...]:
    """What is not as it was, as "name: before -> after"."""
    names = ("weights", "input_sha256", "mask_sha256", "threads", "device", "dtype")
    old = {name: getattr(before, name) for name in names}
    new = {name: getattr(after, name) for name in names}
    old |= {**before.versions} | {f"part {name}": part for name, part in before.parts.items()}
    new |= {**after.versions} | {f"part {name}": part for name, part in after.parts.items()}
    return tuple(
        f"{name}: {old.get(name)} -> {new.get(name)}"
        for name in sorted(old.keys() | new.keys())
        if old.get(name) != new.get(name)
    )
