"""The commands that fill a folder again, read off its rows."""

import re
import shlex
from collections.abc import Sequence
from typing import Any

from overpaint.bench.report.measured import Measured
from overpaint.bench.ways import CALIBRATION, ways
from overpaint.portraits.changes import CHANGES
from overpaint.portraits.tasks import SPLITS

WAY = re.compile(r"(?P<method>\S+) on (?P<model>.+?)(?P<options>( \w+=.*)?)", re.S)
TURNS = 10**6


def commands(found: Measured) -> list[str]:
    """One for all ways as they are by themselves, one for each other; none if they are not known.

    The folder is told by its name alone.
    """
    asked = _asked(found.edits)
    if asked is None:
        return []
    split, count = asked
    settings = {"--size": found.shared.get("size"), "--seed": found.shared.get("seed")}
    words: list[Any] = ["-n", count, "--split", split]
    words += [word for each in settings.items() if each[1] is not None for word in each]
    words += ["-o", f"{found.name}/"]
    return [
        shlex.join(map(str, ["overpaint", "bench", "portraits", *words, *chosen]))
        for chosen in _chosen([line.way for line in found.lines])
    ]


def _asked(edits: Sequence[str]) -> tuple[str, int] | None:
    """The split of Portraits-CF, and how many of its edits reach to the last of these."""
    kinds = [change.name.replace(" ", "-") for change in CHANGES]
    numbers, splits = [0], set()
    for name in edits:
        split, _, rest = name.partition("/")
        kind, _, turn = rest.partition("/")
        if split not in SPLITS or kind not in kinds or not re.fullmatch("[0-9]{1,6}", turn):
            return None
        numbers.append(int(turn) * len(kinds) + kinds.index(kind) + 1)
        splits.add(split)
    return (splits.pop(), max(numbers)) if len(splits) == 1 else None


def _chosen(names: Sequence[str]) -> list[list[str]]:
    """Flags that choose these ways, one list a command."""
    usual = ways()
    if {way.name for way in usual} == set(names):
        return [[]]
    whole = [
        method
        for method in dict.fromkeys(way.method for way in usual)
        if {way.name for way in usual if way.method == method} <= set(names)
    ]
    done = {way.name for way in usual if way.method in whole}
    found = [_each(method) for method in whole]
    others = [WAY.fullmatch(name) for name in names if name not in done | {*CALIBRATION}]
    together = [word for flags in found for word in flags]
    return ([together] if together else []) + [_flags(way) for way in others if way]


def _each(method: str) -> list[str]:
    return ["--method", method]


def _flags(way: re.Match[str]) -> list[str]:
    options = [each for each in re.split(r" (?=\w+=)", way["options"]) if each]
    pairs = [word for each in options for word in ("-O", each)]
    return [*_each(way["method"]), "-m", way["model"], *pairs]
