"""An edit done again from its record, and compared with what it made."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from overpaint import adapters
from overpaint.core.watch import Watch, unwatched
from overpaint.data import untrusted
from overpaint.data.decoding import MAX_PIXELS
from overpaint.data.encoding import encode
from overpaint.data.images import read_image
from overpaint.data.metadata import read_record
from overpaint.data.record import Record
from overpaint.data.sniff import kind
from overpaint.editing import Result, edit
from overpaint.errors import ImageReadError, ModelNotFoundError, OptionError
from overpaint.methods.shares import Share, listed, weight_of
from overpaint.models.bundle import DiffusionModel
from overpaint.models.zoo import load


@dataclass(frozen=True)
class Replay:
    """The edit anew. verdict: "identical", "within one grey level", or "differs".

    Args:
        largest: the largest difference in grey levels.
        share: of the values that differ.
        changed: what differs from the record, such as the version of a library.
    """

    result: Result
    verdict: str
    largest: int
    share: float
    changed: tuple[str, ...]


def replay(
    picture: Path,
    *,
    image: Path | None = None,
    mask: Path | None = None,
    model: str | None = None,
    adapter: Any = None,
    clip: str | None = None,
    max_pixels: int = MAX_PIXELS,
    device: str = "auto",
    watch: Watch = unwatched,
) -> Replay:
    """Do the edit that made `picture` again.

    Args:
        image, mask: where the originals are, if not near under their recorded names.
        model: where the model is, if not found by its recorded name.
        adapter: where the recorded ones are, as for `edit` and in their order; weights, and masks
            that are not given anew, are the recorded ones.
        clip: the one that the edit was given, if any.
        max_pixels: as the edit had it, where its picture was larger than usual.

    Raises:
        ImageReadError: the picture holds no record, or its original is not found.
    """
    record = read_record(picture)
    before = read_image(picture, max_pixels=max_pixels)
    original = image or _found(record.input, record.input_sha256, picture, "--image FILE")
    if mask is None and record.mask_sha256:
        mask = _found(record.mask, record.mask_sha256, picture, "--mask FILE")
    result = edit(
        original,
        record.prompt,
        source_prompt=record.source_prompt,
        method=record.method,
        model=_model(record, device) if model is None else model,
        adapter=_adapters(record, picture, adapter),
        mask=mask,
        face=record.faces or None,
        clip=clip,
        seed=list(record.seeds),
        max_pixels=max_pixels,
        device=device,
        dtype=record.dtype,
        watch=watch,
        **_given(record),
    )
    # As written: a JPEG holds the pixels that its compression left, the same ones each time.
    data = encode(result.images[0], kind(picture.read_bytes(), str(picture)))
    after = read_image(data, max_pixels=max_pixels)
    if before.size != after.size:
        size = f"size {before.size} -> {after.size}"
        return Replay(result, "differs", 255, 1.0, (size, *_changed(record, result.record)))
    apart = np.abs(before.pixels.astype(np.int16) - after.pixels)
    largest = int(apart.max(initial=0))
    verdict = ("identical", "within one grey level")[largest] if largest <= 1 else "differs"
    share = float((apart > 0).mean())
    return Replay(result, verdict, largest, share, _changed(record, result.record))


def _model(record: Record, device: str) -> DiffusionModel:
    """The model by its recorded name."""
    try:
        return load(record.model, device, record.dtype)
    except ModelNotFoundError as error:
        hint = "Where it is a folder, say where with -m FOLDER."
        raise ModelNotFoundError(error.what, error.why, f"{error.hint} {hint}".strip()) from error


def _adapters(record: Record, picture: Path, given: Any) -> Sequence[Share] | None:
    """What the edit was given, or None where that was left to its text."""
    keys = [key for key in record.parts if re.fullmatch(r"adapter( \d+)?", key)]
    found = None if given is None else listed(given)
    if found is None:
        shares = [_share(record, key, picture) for key in keys]
        alone = len(shares) == 1 and (shares[0].weight, shares[0].mask) == (1, None)
        lost = alone and adapters.forgotten(str(shares[0].adapter))
        return None if lost or not shares else shares
    if keys and len(found) != len(keys):
        what = f"{len(found)} adapters are given, and the edit had {len(keys)}"
        names = ", ".join(_named(record, key) for key in keys)
        raise OptionError(what, f"in this order: {names}", "give as many, or none")
    pairs = zip(keys, found, strict=True)
    return [_share(record, key, picture, new) for key, new in pairs] if keys else found


def _share(record: Record, key: str, picture: Path, new: Share | None = None) -> Share:
    """The recorded part called `key`, from the places in `new`, or found near the picture."""
    weight = weight_of(record.parts.get(f"{key} weight", 1))
    share = Share(_named(record, key) if new is None else new.adapter, weight)
    file, _, sha256 = record.parts.get(f"{key} mask", "").rpartition(" ")
    if new is not None and new.mask is not None:
        return replace(share, mask=new.mask)
    if not sha256:
        return share
    untrusted.without_path(f"{key} mask", file)
    return replace(share, mask=_found(file, sha256, picture, "--adapter NAME@MASK"))


def _named(record: Record, key: str) -> str:
    """The name of a recorded adapter, which is no path elsewhere."""
    name, _, sha256 = record.parts[key].rpartition(" ")
    untrusted.without_path(key, name or sha256)
    return name or sha256


def _given(record: Record) -> dict[str, Any]:
    """The options as `edit` takes them: those left open stay open."""
    return {name: value for name, value in record.options.items() if value is not None}


def _found(name: str, sha256: str, picture: Path, flag: str) -> Path:
    """The input by its recorded name, beside the picture or below this folder, by its content."""
    beside = picture.resolve().parent
    places = (Path(), beside, beside.parent)
    names = (name, Path(name).name) if name else ()
    for path in (place / each for place in places for each in names):
        if path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == sha256:
            return path
    about = "the mask" if "mask" in flag.lower() else "the original"
    what = f"{about} of {picture} is not found"
    why = f"no file {name or '(it came through a pipe)'} with sha256 {sha256[:10]} is near"
    raise ImageReadError(what, why, f"say where it is with {flag}")


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
