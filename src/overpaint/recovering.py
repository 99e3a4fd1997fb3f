"""The inputs of a recorded edit, found again: masks by content, models and adapters by name."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from overpaint import adapters
from overpaint.data import untrusted
from overpaint.data.record import Record
from overpaint.data.where import AUTO
from overpaint.errors import ImageReadError, ModelNotFoundError, OptionError
from overpaint.methods.shares import Share, listed, weight_of
from overpaint.models.bundle import DiffusionModel
from overpaint.models.zoo import load

PIPED, UNNAMED = "(it came through a pipe)", {"trajectory": "(it was in memory)"}


@dataclass(frozen=True)
class Places:
    """Where the inputs of an edit are, if not near `picture` under their recorded names.

    Args:
        picture: the output, and in it the record called `last`.
        masks: files of any of its masks, known by their content; a single one stands for the mask
            of the last edit whatever it holds.
        model, adapter, clip, trajectory: as for `edit`; of the last edit, and of those that had
            the same.
    """

    picture: Path
    last: Record
    masks: Sequence[Path] = ()
    model: str | None = None
    adapter: Any = None
    clip: str | None = None
    trajectory: Path | None = None

    def arguments(self, record: Record, device: str) -> dict[str, Any]:
        """All that `edit` is to be given to do a recorded edit again, but its picture and text."""
        names = ("model", "adapter", "clip", "trajectory")
        same = {name: _same(record, self.last, name) for name in names}
        model = self.model if same["model"] else None
        return {
            "source_prompt": record.source_prompt,
            "method": record.method,
            "model": _model(record, device) if model is None else model,
            "adapter": _adapters(record, self.picture, self.adapter if same["adapter"] else None),
            "mask": self._mask(record),
            "mask_options": record.mask_options if _found(record) else None,
            "invert_mask": record.invert_mask,
            "regions": [
                (self._file(region.mask, region.mask_sha256), region.prompt)
                for region in record.regions
            ],
            "zoom": "on" if record.zoom else "off",
            "extend": record.extend,
            "face": record.faces or None,
            "clip": self.clip if same["clip"] else None,
            "trajectory": self._kept(record, self.trajectory if same["trajectory"] else None),
            "seed": list(record.seeds),
            "device": device,
            "dtype": record.dtype,
            # Options that were left open stay open.
            **{name: value for name, value in record.options.items() if value is not None},
        }

    def _mask(self, record: Record) -> Path | str | None:
        """The file of an edit's one mask, or that it is to be found again."""
        alone = record == self.last and len(self.masks) == 1
        if alone and not record.regions and not _found(record):
            return self.masks[0]
        named = record.mask or record.mask_sha256
        return self._file(record.mask, record.mask_sha256) if named else None

    def _kept(self, record: Record, given: Path | None) -> Path | None:
        """The trajectory that the edit was given: one that is given again, or near the picture."""
        if given is not None or "trajectory" not in record.parts:
            return given
        name, _, sha256 = record.parts["trajectory"].rpartition(" ")
        untrusted.without_path("trajectory", name)
        return found(name, sha256, self.picture, "--trajectory FILE")

    def _file(self, name: str, sha256: str) -> Path | str:
        """The mask of this content: one that was given, or near the picture."""
        if (name, sha256) == (AUTO, ""):
            return AUTO
        given = (path for path in self.masks if path.is_file() and _hash(path) == sha256)
        return next(given, None) or found(name, sha256, self.picture, "--mask FILE")


def found(name: str, sha256: str, picture: Path, flag: str) -> Path:
    """The input by its recorded name, beside the picture or below this folder, by its content.

    Raises:
        ImageReadError: there is none; the message says to use `flag`.
    """
    beside = picture.resolve().parent
    places = (Path(), beside, beside.parent)
    names = (name, Path(name).name) if name else ()
    for path in (place / each for place in places for each in names):
        if path.is_file() and _hash(path) == sha256:
            return path
    words = (word for word in ("mask", "trajectory") if word in flag.lower())
    about = next(words, "original")
    what = f"the {about} of {picture} is not found"
    why = f"no file {name or UNNAMED.get(about, PIPED)} with sha256 {sha256[:10]} is near"
    raise ImageReadError(what, why, f"say where it is with {flag}")


def _found(record: Record) -> bool:
    """Whether a mask of the edit was found from its texts."""
    masks = [(record.mask, record.mask_sha256)]
    masks += [(region.mask, region.mask_sha256) for region in record.regions]
    return (AUTO, "") in masks


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _same(record: Record, last: Record, part: str) -> bool:
    """Whether both edits had the same model, adapters or CLIP."""
    if part == "model":
        return (record.model, record.weights) == (last.model, last.weights)

    def named(record: Record) -> dict[str, str]:
        return {key: value for key, value in record.parts.items() if key.split()[0] == part}

    return record == last or (named(record) == named(last) and bool(named(record)))


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
    several = None if given is None else listed(given)
    if several is None:
        shares = [_share(record, key, picture) for key in keys]
        alone = len(shares) == 1 and (shares[0].weight, shares[0].mask) == (1, None)
        lost = alone and adapters.forgotten(str(shares[0].adapter))
        return None if lost or not shares else shares
    if keys and len(several) != len(keys):
        what = f"{len(several)} adapters are given, and the edit had {len(keys)}"
        names = ", ".join(_named(record, key) for key in keys)
        raise OptionError(what, f"in this order: {names}", "give as many, or none")
    pairs = zip(keys, several, strict=True)
    return [_share(record, key, picture, new) for key, new in pairs] if keys else several


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
    return replace(share, mask=found(file, sha256, picture, "--adapter NAME@MASK"))


def _named(record: Record, key: str) -> str:
    """The name of a recorded adapter, which is no path elsewhere."""
    name, _, sha256 = record.parts[key].rpartition(" ")
    untrusted.without_path(key, name or sha256)
    return name or sha256
