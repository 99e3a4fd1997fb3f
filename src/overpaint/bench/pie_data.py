"""PIE-Bench as its authors give it away: pictures, texts and masks of 700 edits (2310.01506)."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest
from pathlib import Path
from typing import Any

import numpy as np

from overpaint.data.untrusted import brief
from overpaint.errors import OptionError, UnsafeFileError

MAPPING, PICTURES = "mapping_file.json", "annotation_images"
SIDE = 512  # of pictures and masks
TYPES = (
    *("random", "change-object", "add-object", "delete-object", "content"),
    *("pose", "colour", "material", "background", "style"),
)
"""The kinds of edit by their number."""
MOST_BYTES, MOST_TEXT = 2**28, 2000
ID = re.compile(r"[\w-]{1,64}", re.ASCII)


@dataclass(frozen=True)
class Entry:
    """An edit that is asked for.

    image: the picture's file below the folder of pictures. blended: the words of both texts that
        the edit is about, none or the source's and the target's. runs: of the mask, see `decoded`.
    """

    id: str
    image: str
    source_prompt: str
    prompt: str
    type: str
    blended: tuple[str, ...]
    runs: tuple[int, ...]


def entries(folder: Path) -> list[Entry]:
    """All edits of a copy of the data, in the order of their ids.

    Raises:
        OptionError: the folder holds no such data.
        UnsafeFileError: an entry is damaged, or names a file elsewhere; says which.
    """
    found = _mapping(folder / MAPPING)
    return [_entry(folder, each, found[each]) for each in sorted(found)]


def chosen(found: Sequence[Entry], types: Sequence[str], count: int | None) -> list[Entry]:
    """Those of some types, by name or number; so many, the types taking turns.

    Raises:
        OptionError: a type is unknown, or there is no edit of any.
    """
    named = {_type(each) for each in types} or set(TYPES)
    groups = [[entry for entry in found if entry.type == each] for each in TYPES if each in named]
    taken = [entry for entry in chain(*zip_longest(*groups)) if entry]
    if not taken:
        raise OptionError(f"There is no edit of {', '.join(sorted(named))}")
    return taken[:count]


def decoded(runs: Sequence[int], side: int = SIDE) -> np.ndarray:
    """(side, side) bool, True where the edit may act.

    Of runs (start, length) along the rows, what goes beyond the end is cut off. The outermost
    pixels always count: the authors do so "to avoid annotation errors in boundary".
    """
    flat = np.zeros(side * side, dtype=bool)
    for start, length in zip(runs[::2], runs[1::2], strict=True):
        flat[start : start + length] = True
    mask = flat.reshape(side, side)
    mask[[0, -1], :] = mask[:, [0, -1]] = True
    return mask


def _mapping(path: Path) -> dict[str, Any]:
    if not path.is_file():
        why, hint = f"there is no {path.name} in it", "Give the folder of the authors' archive."
        raise OptionError(f"{path.parent} holds no PIE-Bench", why, hint)
    if path.stat().st_size > MOST_BYTES:
        raise UnsafeFileError(f"{path} is damaged", f"it is larger than {MOST_BYTES >> 20} MiB")
    try:
        found = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise UnsafeFileError(f"{path} is damaged", f"it is no JSON: {error}"[:200]) from error
    if not isinstance(found, dict):
        raise UnsafeFileError(f"{path} is damaged", "it is no JSON object")
    return found


def _entry(folder: Path, name: str, found: Any) -> Entry:
    try:
        if not ID.fullmatch(name):
            raise ValueError("an id is of letters, digits, - and _")
        if not isinstance(found, dict):
            raise ValueError("it is no object")
        if not (prompt := _prompt(found, "editing_prompt")):
            raise ValueError("editing_prompt is missing")
        return Entry(
            id=name,
            image=_image(folder / PICTURES, _text(found, "image_path")),
            source_prompt=_prompt(found, "original_prompt"),
            prompt=prompt,
            type=_type(str(found.get("editing_type_id"))),
            blended=tuple(_text(found, "blended_word").split()[:2]),
            runs=_runs(found.get("mask")),
        )
    except (ValueError, OptionError) as error:
        what = f"{folder / MAPPING} is damaged"
        raise UnsafeFileError(what, f"entry {brief(name)}: {error}") from error


def _text(found: Mapping[str, Any], name: str) -> str:
    value = found.get(name, "")
    if not isinstance(value, str) or len(value) > MOST_TEXT or "\0" in value:
        raise ValueError(f"{name} is {brief(value)}, expected a text")
    value.encode()  # half a character is no text
    return value


def _prompt(found: Mapping[str, Any], name: str) -> str:
    """Without the brackets around words that differ."""
    return _text(found, name).replace("[", "").replace("]", "").strip()


def _type(given: str) -> str:
    """A type by its name or number."""
    if given in TYPES:
        return given
    if given.isdecimal() and int(given) < len(TYPES):
        return TYPES[int(given)]
    hint = f"Types are 0 to {len(TYPES) - 1}: {', '.join(TYPES)}."
    raise OptionError(f"There is no type {brief(given)} of edits", hint=hint)


def _image(root: Path, name: str) -> str:
    """The name of a picture that lies below the root, also once links are followed."""
    parts = name.split("/")
    if "\\" in name or ":" in name or not all(parts) or {".", ".."} & set(parts):
        raise ValueError(f"image_path is {brief(name)}, expected a file below {root.name}")
    if not (root / name).is_file():
        raise ValueError(f"there is no picture {brief(name)}")
    if not (root / name).resolve().is_relative_to(root.resolve()):
        raise ValueError(f"image_path {brief(name)} leads out of {root.name}")
    return name


def _runs(found: Any) -> tuple[int, ...]:
    if not isinstance(found, list) or len(found) % 2 or len(found) > SIDE * SIDE:
        raise ValueError(f"mask is {brief(found)}, expected pairs of start and length")
    if not all(type(each) is int and 0 <= each <= SIDE * SIDE for each in found):
        raise ValueError(f"mask has a number that is not in [0, {SIDE * SIDE}]")
    if any(start >= SIDE * SIDE for start in found[::2]):
        raise ValueError(f"mask has a run that begins beyond the picture's {SIDE * SIDE} pixels")
    return tuple(found)
