"""Which edits are shown, and what is known of each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest
from pathlib import Path
from typing import Any

import numpy as np

from overpaint.bench.making import REGION, SOURCE, TRUE
from overpaint.bench.report.inside import OutsideError, file, picture
from overpaint.bench.report.measured import Measured
from overpaint.data.metadata import read_record
from overpaint.errors import OverpaintError

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Shown:
    """An edit: its row in each way, its pictures (H, W, 3) uint8 where they are there.

    prompt: what it shall show; empty if no picture's record says it.
    """

    name: str
    rows: Mapping[str, Row]
    prompt: str
    source: np.ndarray | None
    truth: np.ndarray | None
    region: np.ndarray | None

    @property
    def reference(self) -> np.ndarray | None:
        """What edits are compared with."""
        return self.source if self.truth is None else self.truth


def chosen(found: Measured, count: int) -> list[Shown]:
    """So many edits: of each group one, of each group another, those first that most ways made."""
    groups: dict[str, list[str]] = {}
    made = dict.fromkeys(found.edits, 0)
    for row in found.rows:
        made[row["edit"]] += "path" in row
        names = groups.setdefault(row.get("group", ""), [])
        if row["edit"] not in names:
            names.append(row["edit"])
    ranked = [sorted(names, key=lambda name: -made[name]) for names in groups.values()]
    turns = chain.from_iterable(zip_longest(*ranked))
    names = [name for name in dict.fromkeys(turns) if name is not None][:count]
    order = {name: number for number, name in enumerate(found.edits)}
    return [_shown(found, name) for name in sorted(names, key=order.__getitem__)]


def _shown(found: Measured, name: str) -> Shown:
    rows = {row["way"]: row for row in found.rows if row["edit"] == name}
    below = name.replace("/", "-")
    known = [_read(found.folder, f"{below}/{each}") for each in (SOURCE, TRUE, REGION)]
    return Shown(name, rows, _prompt(found.folder, list(rows.values())), *known)


def _read(folder: Path, name: str) -> np.ndarray | None:
    """None also of an edit whose name would lead out of the folder."""
    try:
        return picture(folder, name)
    except OutsideError:
        return None


def _prompt(folder: Path, rows: Sequence[Row]) -> str:
    for row in rows:
        try:
            return read_record(file(folder, row.get("path", ""))).prompt
        except (OverpaintError, OutsideError):
            continue
    return ""
