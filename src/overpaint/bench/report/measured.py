"""What a folder holds: its rows, checked, as the lines and columns of a page."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from overpaint.bench import rows as stored
from overpaint.bench.columns import COLUMNS, Column
from overpaint.bench.report.words import places
from overpaint.bench.summary import Line, lines
from overpaint.bench.ways import CALIBRATION
from overpaint.data.sources import shown
from overpaint.errors import OptionError, UnsafeFileError

OWN = (
    "edit",
    "group",
    "way",
    "path",
    "error",
    "left_out",
    "prompt",
    "source_prompt",
    "instruction",
)
"""Fields of one edit that are no scores."""
TEXTS = ("group", "path", "error", "left_out")
PART = "kept "  # a score of one attribute


@dataclass(frozen=True)
class Measured:
    """Rows of a folder, of each edit in each way the last one."""

    folder: Path
    rows: Sequence[Mapping[str, Any]]

    @property
    def name(self) -> str:
        """The folder's, without what it lies in."""
        return self.folder.resolve().name

    @cached_property
    def lines(self) -> list[Line]:
        """Of all ways, in the order in which they first come."""
        return lines(self.rows)

    @cached_property
    def ways(self) -> list[Line]:
        """Of those that edit."""
        return [line for line in self.lines if line.way not in CALIBRATION]

    @cached_property
    def calibration(self) -> list[Line]:
        """Of the pictures that calibrate."""
        return [line for line in self.lines if line.way in CALIBRATION]

    @cached_property
    def marks(self) -> dict[str, int]:
        """The number of a way, for its colour and its shape."""
        return {line.way: number for number, line in enumerate(self.ways)}

    @cached_property
    def columns(self) -> dict[str, Column]:
        """Those that have a number for an edit that was made: a failure alone makes no column."""
        made = [row for row in self.rows if "error" not in row]
        return {
            name: column
            for name, column in COLUMNS.items()
            if any(math.isfinite(_number(row.get(name))) for row in made)
        }

    @cached_property
    def decimals(self) -> dict[str, int]:
        """Of each column; shares have one at least."""
        of = self.ways or self.lines
        found = {
            name: places(line.scores[name].mean * column.scale for line in of)
            for name, column in self.columns.items()
        }
        return {n: max(each, 1 if COLUMNS[n].unit == "%" else 0) for n, each in found.items()}

    @cached_property
    def full(self) -> int:
        """How many edits the fullest way was measured on; fewer are not compared with it."""
        return max((line.edits for line in self.ways), default=0)

    @cached_property
    def edits(self) -> list[str]:
        """In the order in which they first come."""
        return list(dict.fromkeys(row["edit"] for row in self.rows))

    @cached_property
    def groups(self) -> dict[str, int]:
        """Of edits: how many there are of each, in their order."""
        found = {row["edit"]: row["group"] for row in self.rows if "group" in row}
        return {
            name: list(found.values()).count(name)
            for name in dict.fromkeys(group for group in found.values())
        }

    @cached_property
    def shared(self) -> dict[str, Any]:
        """What all rows agree in: the seed, the size."""
        first = self.rows[0]
        names = [n for n in first if n not in (*OWN, *COLUMNS) and not n.startswith(PART)]
        return {
            name: first[name]
            for name in names
            if all(row.get(name) == first[name] for row in self.rows)
        }


def check(folder: Path) -> None:
    """Refuses a folder that no benchmark filled, before any work."""
    if not (folder / stored.ROWS).is_file():
        hint = f"Fill it: overpaint bench portraits -n 20 -o {shown(folder)}"
        raise OptionError(f"{shown(folder)} holds no edits", f"it has no {stored.ROWS}", hint)


def measured(folder: Path) -> Measured:
    """The rows of a folder that a benchmark filled.

    Raises:
        OptionError: there are none.
        UnsafeFileError: they are none of ours.
    """
    check(folder)
    found = {(row["edit"], row["way"]): row for row in stored.read(folder)}
    if not found:
        why, hint = f"{stored.ROWS} has no row", "Run the benchmark on."
        raise OptionError(f"{shown(folder)} holds no edits", why, hint)
    for row in found.values():
        _check(folder / stored.ROWS, row)
    return Measured(folder, list(found.values()))


def _check(path: Path, row: Mapping[str, Any]) -> None:
    """Scores are numbers, texts are texts; anyone may have written the file."""
    numbers = [row.get(name) for name in COLUMNS]
    texts = [row.get(name, "") for name in TEXTS]
    if not (all(map(_is_score, numbers)) and all(isinstance(each, str) for each in texts)):
        why = f"the row of {row['edit']!r:.60} in {row['way']!r:.60} has a value that is no score"
        raise UnsafeFileError(f"{path} is damaged", why)


def _is_score(value: Any) -> bool:
    if isinstance(value, int):
        return abs(value) < 2**64
    return value is None or isinstance(value, float)


def _number(value: Any) -> float:
    return math.nan if value is None else float(value)
