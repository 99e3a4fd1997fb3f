"""The rows of a benchmark: JSON lines, one an edit, that are added to and taken up again."""

import json
import math
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from overpaint.bench.columns import COLUMNS
from overpaint.errors import UnsafeFileError

ROWS = "rows.jsonl"
LONGEST = 2**16  # bytes of a row
BEGIN = b'{"edit": '  # of each
Row = Mapping[str, Any]


def read(folder: Path) -> list[dict[str, Any]]:
    """The rows of a folder, of each edit in each way the last; a torn last line is left out.

    Raises:
        UnsafeFileError: a line is none of ours.
    """
    path = folder / ROWS
    lines = path.read_bytes().split(b"\n") if path.exists() else [b""]
    found = _parsed(path, lines[:-1])  # what follows the last line end was torn
    return list({(row["edit"], row["way"]): row for row in found}.values())


def add(folder: Path, row: Row) -> None:
    """Add a row; where a killed run tore the last line, that is cut off first.

    Raises:
        UnsafeFileError: what would be cut off is none of ours.
    """
    path = folder / ROWS
    line = json.dumps({name: _plain(value) for name, value in row.items()}) + "\n"
    with path.open("ab+") as file:
        begin = max(0, file.seek(0, os.SEEK_END) - LONGEST)
        file.seek(begin)
        whole, end, torn = file.read().rpartition(b"\n")
        if not torn.startswith(BEGIN[: len(torn)]):
            raise UnsafeFileError(f"{path} is damaged", "its last line is no row")
        file.truncate(begin + len(whole + end))
        file.write(line.encode())
        file.flush()


def _parsed(path: Path, lines: list[bytes]) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(lines, start=1):
        try:
            row = json.loads(line)
            json.dumps(row, ensure_ascii=False).encode()  # half a character is no text
            key = row["edit"], row["way"]
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise UnsafeFileError(f"{path} is damaged", f"line {number} is no row") from error
        if not all(isinstance(each, str) for each in key):
            raise UnsafeFileError(f"{path} is damaged", f"line {number} names no edit")
        wrong = [n for n in row if n in COLUMNS and not isinstance(row[n], int | float | None)]
        if wrong or any(isinstance(each, dict | list) for each in row.values()):
            raise UnsafeFileError(f"{path} is damaged", f"line {number} has no number where one is")
        yield row


def _plain(value: Any) -> Any:
    """JSON has no infinity and no NaN."""
    return None if isinstance(value, float) and not math.isfinite(value) else value
