"""Values of a record that may come from anyone: typed, bounded, and no paths among them."""

import json
import math
from typing import Any

from overpaint.data.face import Face
from overpaint.errors import OptionError, UnsafeFileError

_MOST_TEXT, _MOST_SEEDS = 20_000, 4096
MOST_ITEMS = 100

Option = bool | int | float | str | None | list


def refused(why: str) -> UnsafeFileError:
    """The error to raise for a record that is not to be believed."""
    hint = "a record is what Overpaint wrote into a picture; take it from the picture itself"
    return UnsafeFileError("this record is refused", why, hint)


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no number")


def _without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({name for name, _ in pairs}) < len(pairs):
        raise ValueError("a name occurs twice")
    return dict(pairs)


def json_object(source: str | bytes, most: int) -> dict[str, Any]:
    """The JSON object in `source`, of at most `most` characters, without NaN or repeated names."""
    if len(source) > most:
        raise refused(f"it is longer than {most} characters")
    try:
        values = json.loads(source, parse_constant=_no_constant, object_pairs_hook=_without_twins)
    except (ValueError, RecursionError) as error:
        raise refused(f"it is no JSON ({error})"[:200]) from error
    if not isinstance(values, dict):
        raise refused("it is no JSON object")
    return values


def text(name: str, value: Any) -> str:
    """A text of at most 20,000 characters, without NUL and lone surrogates."""
    if not isinstance(value, str) or len(value) > _MOST_TEXT:
        raise refused(f"{name} is {brief(value)}, expected at most {_MOST_TEXT} characters")
    if "\0" in value:
        raise refused(f"{name} holds a character NUL")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise refused(f"{name} is not valid Unicode") from error
    return value


def integer(name: str, value: Any) -> int:
    """An integer in [0, 2**64)."""
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**64:
        raise refused(f"{name} is {brief(value)}, expected an integer of 64 bits")
    return value


def truth(name: str, value: Any) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise refused(f"{name} is {brief(value)}, expected true or false")
    return value


def seeds(name: str, value: Any) -> tuple[int, ...]:
    """1 to 4096 integers."""
    if not isinstance(value, list) or not 1 <= len(value) <= _MOST_SEEDS:
        raise refused(f"{name} is {brief(value)}, expected 1 to {_MOST_SEEDS} integers")
    return tuple(integer(name, each) for each in value)


def faces(name: str, value: Any) -> tuple[Face, ...]:
    """At most 100 faces, each an object of numbers."""
    if not isinstance(value, list) or len(value) > MOST_ITEMS:
        raise refused(f"{name} is {brief(value)}, expected at most {MOST_ITEMS} faces")
    try:
        return tuple(Face(**each) for each in value)
    except (TypeError, OptionError) as error:
        raise refused(f"{name} is {brief(value)}, expected x, y, size and tilt of each") from error


def objects(name: str, value: Any) -> list[dict[str, Any]]:
    """At most 100 objects, whose fields are still to be checked."""
    if not isinstance(value, list) or len(value) > MOST_ITEMS:
        raise refused(f"{name} is {brief(value)}, expected at most {MOST_ITEMS} objects")
    if not all(isinstance(each, dict) for each in value):
        raise refused(f"{name} is {brief(value)}, expected objects")
    return value


def texts(name: str, value: Any) -> dict[str, str]:
    """At most 100 texts by name."""
    if not isinstance(value, dict) or len(value) > MOST_ITEMS:
        raise refused(f"{name} is {brief(value)}, expected at most {MOST_ITEMS} texts")
    return {text(name, key): text(name, each) for key, each in value.items()}


def options(name: str, value: Any) -> dict[str, Option]:
    """At most 100 numbers, texts, truths, or lists of them, by name."""
    if not isinstance(value, dict) or len(value) > MOST_ITEMS:
        raise refused(f"{name} is {brief(value)}, expected at most {MOST_ITEMS} values")
    return {text(name, key): _option(f"{name}.{key}", each) for key, each in value.items()}


def _option(name: str, value: Any) -> Option:
    if isinstance(value, list) and len(value) <= MOST_ITEMS:
        if any(isinstance(each, list) for each in value):
            raise refused(f"{name[:60]} is a list of lists")
        return [_option(name, each) for each in value]
    if isinstance(value, str):
        return text(name[:60], value)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int | float) and abs(value) < 2**64 and math.isfinite(value):
        return value
    raise refused(f"{name[:60]} is {brief(value)}, expected a number, a text or true or false")


def without_path(name: str, value: str) -> None:
    """Records name no absolute path, no parent folder and no address."""
    parts = value.replace("\\", "/").split("/")
    if ":" in parts[0] or value.startswith(("/", "\\", "~")) or ".." in parts:
        raise refused(f"its {name} {brief(value)} is a path or an address, expected a name")


def brief(value: Any) -> str:
    """A value for a message: printable, at most 60 characters."""
    shown = repr(value) if not isinstance(value, int) or abs(value) < 2**70 else "a huge number"
    shown = "".join(c if c.isprintable() else "?" for c in shown)
    return shown if len(shown) <= 60 else shown[:57] + "..."
