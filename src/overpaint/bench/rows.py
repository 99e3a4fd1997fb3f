"""The rows of a benchmark: JSON lines, one an edit, that are added to and taken up again."""

import json
import math
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from overpaint.errors import UnsafeFileError

ROWS = "rows.jsonl"
LONGEST = 2**16  # bytes of a row
Row = Mapping[str, Any]


def read(folder: Path) -> list[dict[str, Any]]:
    """The rows of a folder, in the order they were added; a torn last line is left out.

    Raises:
        UnsafeFileError: a line is none of ours.
    """
    path = folder / ROWS
    lines = path.read_text().split("\n") if path.exists() else [""]
    return list(_parsed(path, lines[:-1]))  # what follows the last line end was torn


def add(folder: Path, row: Row) -> None:
    """Add a row; where a killed run tore the last line, that is cut off first."""
    path = folder / ROWS
    line = json.dumps({name: _plain(value) for name, value in row.items()}) + "\n"
    with path.open("ab+") as file:
        begin = max(0, file.seek(0, os.SEEK_END) - LONGEST)
        file.seek(begin)
        file.truncate(begin + file.read().rfind(b"\n") + 1)
        file.write(line.encode())
        file.flush()


def _parsed(path: Path, lines: list[str]) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(lines, start=1):
        try:
            row = json.loads(line)
            key = row["edit"], row["way"]
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise UnsafeFileError(f"{path} is damaged", f"line {number} is no row") from error
        if not all(isinstance(each, str) for each in key):
            raise UnsafeFileError(f"{path} is damaged", f"line {number} names no edit")
        yield row


def _plain(value: Any) -> Any:
    """JSON has no infinity and no NaN."""
    return None if isinstance(value, float) and not math.isfinite(value) else value
