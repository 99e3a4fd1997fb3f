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
_TEXTS, _NAMES = ("prompt", "source_prompt"), ("model", "input", "mask", "method")


@dataclass(frozen=True)
class Record:
    """How a picture was made.

    Args:
        model: its name, or its folder below the one it was given from; `weights` begins the
            sha256 of its weights.
        options: every option of the method, defaults included.
        seeds: one for each picture of the edit; a picture's own file holds its own alone.
        input, mask: file names without folders, or relative below the folder they were given from.
        faces: that were edited, one after another; none where the whole picture was.
        parts: name of each other loaded model -> what it was and its hash.
        versions: library -> version.
        threads: torch's, since another number may move a value by one grey level.
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
    faces: tuple[Face, ...] = ()
    parts: Mapping[str, str] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    threads: int = 1
    device: str = "cpu"
    dtype: str = "float32"
    schema: int = SCHEMA

    def __post_init__(self) -> None:
        """What is written must be readable again."""
        try:
            for name in (*_TEXTS, *_NAMES):
                untrusted.text(name.replace("_", " "), getattr(self, name))
            for name in _NAMES:
                untrusted.without_path(name, getattr(self, name))
            untrusted.texts("parts", self.parts)
        except UnsafeFileError as error:
            raise OptionError(error.why, hint="shorten it, or retype it") from error

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
    tuple[int, ...]: untrusted.seeds,
    tuple[Face, ...]: untrusted.faces,
    Mapping[str, str]: untrusted.texts,
    Mapping[str, Option]: untrusted.options,
}
