"""Options of a method: a frozen dataclass whose fields carry help and range."""

import dataclasses
import difflib
import math
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar, get_args, get_type_hints

from overpaint.errors import OptionError

T = TypeVar("T")
_WORDS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


def opt(
    default: Any,
    help: str,
    low: float | None = None,
    high: float | None = None,
    *,
    choices: tuple[str, ...] = (),
) -> Any:
    """A field of an options dataclass: a number in [low, high], a flag, or one of `choices`."""
    metadata = {"help": help, "low": low, "high": high, "choices": choices}
    return dataclasses.field(default=default, metadata=metadata)


def parse_fields(kind: type[T], given: Mapping[str, Any], owner: str) -> T:
    """The options dataclass `kind` of `owner` from names and values, also as typed by a person.

    Raises:
        OptionError: a name is unknown or a value is out of range.
    """
    fields = {f.name: f for f in dataclasses.fields(kind)}  # type: ignore[arg-type]
    types = get_type_hints(kind)
    values = {}
    for name, value in given.items():
        if name not in fields:
            raise OptionError(f"{owner} has no option {name!r}", hint=suggest(name, fields))
        limits = fields[name].metadata
        parsed = _parsed(value, types[name])
        if not _allowed(parsed, types[name], limits):
            raise OptionError(f"{name} must be {describe(types[name], limits)}, got {value!r}")
        values[name] = parsed
    return kind(**values)


def describe(kind: Any, limits: Mapping[str, Any]) -> str:
    """The allowed values of a field in words, such as "a number in [0, 1]"."""
    free = " or auto" if type(None) in get_args(kind) else ""
    if limits["choices"]:
        return f"one of {', '.join(limits['choices'])}{free}"
    nouns = {int: "a whole number", float: "a number", bool: "on or off"}
    noun = nouns.get(_plain(kind), "a text")
    low, high = limits["low"], limits["high"]
    if low is not None:
        noun += f" from {low:g}" if high is None else f" in [{low:g}, {high:g}]"
    return noun + free


def suggest(name: str, known: Iterable[str]) -> str:
    """A hint at what was meant by `name`."""
    known = sorted(known)
    close = difflib.get_close_matches(name.lower(), known, 1, cutoff=0.6)
    return f"Did you mean {close[0]!r}?" if close else f"Known: {', '.join(known)}."


def _plain(kind: Any) -> Any:
    return next((k for k in get_args(kind) if k is not type(None)), kind)


def _parsed(value: Any, kind: Any) -> Any:
    """`value` as `kind`, or NaN where it is none."""
    if type(None) in get_args(kind) and (value is None or str(value).lower() == "auto"):
        return None
    plain = _plain(kind)
    if plain is str:
        return str(value)
    if plain is bool:
        return value if isinstance(value, bool) else _WORDS.get(str(value).lower(), math.nan)
    try:
        number = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        return math.nan
    if plain is int:
        return int(number) if number.is_integer() else math.nan
    return number


def _allowed(value: Any, kind: Any, limits: Mapping[str, Any]) -> bool:
    if value is None:
        return type(None) in get_args(kind)
    if isinstance(value, float) and not math.isfinite(value):
        return False
    low, high, choices = limits["low"], limits["high"], limits["choices"]
    if choices:
        return value in choices
    return (low is None or value >= low) and (high is None or value <= high)
