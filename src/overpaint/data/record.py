"""All that is needed to do an edit again, as plain data that is checked before it is believed."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

from overpaint.data import untrusted
from overpaint.data.face import Face
from overpaint.data.untrusted import Option, brief, refused
from overpaint.errors import OptionError, UnsafeFileError

SCHEMA = 1
MOST_CHARACTERS = 1_000_000
_MOST_HISTORY = 200_000  # characters, so that the rest has room
_TEXTS, _NAMES = ("prompt", "source_prompt", "extend"), ("model", "input", "mask", "method")


@dataclass(frozen=True)
class RecordedRegion:
    """A region's text, and its mask's file as a record names it."""

    prompt: str
    mask: str = ""
    mask_sha256: str = ""


@dataclass(frozen=True)
class Record:
    """How a picture was made.

    Args:
        model: its name, or its folder below the one it was given from; `weights` begins the
            sha256 of its weights.
        options: every option of the method, defaults included.
        seeds: one for each picture of the edit; a picture's own file holds its own alone.
        input, mask: file names without folders, or relative below the folder they were given from;
            a mask that is "auto" and has no hash was found from the texts.
        mask_options: how that was done, every option, defaults included.
        invert_mask: the edit acted where the mask is black.
        regions: in place of a mask; each with its text.
        zoom: the model was shown the surroundings of the mask alone, enlarged.
        extend: sides at which the picture grew, as "right=0.25"; the strip was the mask.
        faces: that were edited, one after another; none where the whole picture was.
        parts: name of each other loaded model -> what it was and its hash.
        versions: library -> version.
        threads: torch's, since another number may move a value by one grey level.
        history: of the edits that made the input, the first one first, none with its own.
    """

    method: str
    model: str
    prompt: str
    seeds: tuple[int, ...]
    options: Mapping[str, Option] = field(default_factory=dict)
    source_prompt: str = ""
    weights: str = ""
    input: str = ""
    input_sha256: str = ""
    mask: str = ""
    mask_sha256: str = ""
    mask_options: Mapping[str, Option] = field(default_factory=dict)
    invert_mask: bool = False
    regions: tuple[RecordedRegion, ...] = ()
    zoom: bool = False
    extend: str = ""
    faces: tuple[Face, ...] = ()
    parts: Mapping[str, str] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    threads: int = 1
    device: str = "cpu"
    dtype: str = "float32"
    history: tuple["Record", ...] = ()
    schema: int = SCHEMA

    def __post_init__(self) -> None:
        """What is written must be readable again."""
        try:
            for name in (*_TEXTS, *_NAMES):
                untrusted.text(name.replace("_", " "), getattr(self, name))
            for name in _NAMES:
                untrusted.without_path(name, getattr(self, name))
            untrusted.texts("parts", self.parts)
            _check_regions(self.regions)
        except UnsafeFileError as error:
            raise OptionError(error.why, hint="shorten it, or retype it") from error

    @property
    def chain(self) -> tuple["Record", ...]:
        """Every edit from the original on, this one last, none with a history of its own."""
        return (*self.history, replace(self, history=()))

    def only(self, index: int) -> "Record":
        """The record of the picture at `index` alone, as its file holds it."""
        return replace(self, seeds=(self.seeds[index],))

    def to_json(self, *, indent: int | None = None) -> str:
        """JSON in ASCII that `from_json` reads."""
        return json.dumps(asdict(self), indent=indent, allow_nan=False)

    @classmethod
    def from_json(cls, text: str | bytes) -> "Record":
        """The record in `text`, which may come from anyone.

        Raises:
            UnsafeFileError: it is damaged, oversized, of an unknown schema, or names a path.
        """
        return cls(**_checked(untrusted.json_object(text, MOST_CHARACTERS)))


def bounded(history: tuple[Record, ...]) -> tuple[Record, ...]:
    """The latest of `history`, as many as a record may carry."""
    kept, room = list[Record](), _MOST_HISTORY
    for step in reversed(history[-untrusted.MOST_ITEMS :]):
        if (room := room - len(step.to_json())) < 0:
            break
        kept.insert(0, step)
    return tuple(kept)


def _regions(name: str, value: Any) -> tuple[RecordedRegion, ...]:
    try:
        found = tuple(RecordedRegion(**each) for each in untrusted.objects(name, value))
    except TypeError as error:
        raise refused(f"{name} is {brief(value)}, expected prompt and mask of each") from error
    _check_regions(found)
    return found


def _check_regions(regions: tuple[RecordedRegion, ...]) -> None:
    """Texts of at most 20,000 characters together, and no paths."""
    for region in regions:
        untrusted.text("the sha256 of a region's mask", region.mask_sha256)
        untrusted.without_path("mask of a region", untrusted.text("a mask", region.mask))
        untrusted.text("the text of a region", region.prompt)
    untrusted.text("the text of the regions", "".join(region.prompt for region in regions))


def _history(name: str, value: Any) -> tuple[Record, ...]:
    steps = untrusted.objects(name, value)
    if any(step.get("history") for step in steps):
        raise refused("its history holds another history")
    return tuple(Record(**_checked(step)) for step in steps)


def _checked(values: dict[str, Any]) -> dict[str, Any]:
    """The fields with their types and sizes confirmed."""
    if values.get("schema") != SCHEMA or isinstance(values.get("schema"), bool):
        raise refused(f"its schema is {brief(values.get('schema'))}, and this version knows 1")
    known = {each.name: each for each in fields(Record)}
    if unknown := sorted(set(values) - set(known)):
        raise refused(f"it has unknown fields: {brief(unknown)}")
    if missing := sorted({"method", "model", "prompt", "seeds"} - set(values)):
        raise refused(f"it lacks {', '.join(missing)}")
    checked = {name: _CHECKS[known[name].type](name, value) for name, value in values.items()}
    for name in _NAMES:
        untrusted.without_path(name, checked.get(name, ""))
    if not 1 <= checked.get("threads", 1) <= 4096:
        raise refused(f"threads is {checked['threads']}, expected 1 to 4096")
    return checked


_CHECKS: dict[Any, Any] = {
    str: untrusted.text,
    int: untrusted.integer,
    bool: untrusted.truth,
    tuple[int, ...]: untrusted.seeds,
    tuple[Face, ...]: untrusted.faces,
    tuple[RecordedRegion, ...]: _regions,
    tuple["Record", ...]: _history,
    Mapping[str, str]: untrusted.texts,
    Mapping[str, Option]: untrusted.options,
}
