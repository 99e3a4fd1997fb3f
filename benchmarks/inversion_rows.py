"""What was asked of the inversions, and the table of all."""

from collections.abc import Mapping

from benchmarks.inversions import PUBLISHED
from benchmarks.row import Results, Row, at
from overpaint.inversions.registry import INVERSIONS

RUN = "python -m benchmarks inversions"
EXACT = ("edict", "bdia", "edit-friendly", "direct")
COLUMNS = ("error", "calls", "gradients", "seconds")


def inversions() -> list[Row]:
    """Exact ones are exact, and fitting texts is worth and costs what it should."""
    found = list[Row]()
    for name in EXACT:
        error = at("inversions", f"{name}: error")
        found.append(Row(f"{name}: mean absolute error", RUN, error, 5e-4, ".5f", more=False))
    for label, what, bar in (
        ("error against ddim's", "error against ddim", 1 / 3),
        ("error against the published algorithm's", "error against published", 1),
        ("calls and gradients against it", "calls against published", 1 / 3),
        ("seconds against it", "seconds against published", 1 / 3),
    ):
        value = at("inversions", f"null-text: {what}")
        found.append(Row(f"null-text: {label}", RUN, value, bar, more=False))
    return found


def wide(results: Results) -> str:
    """Every inversion with its error and its cost for a picture."""
    found: Mapping[str, float] = results.get("inversions", {})
    lines = [f"| inversion | {' | '.join(COLUMNS)} |", "|---" * (1 + len(COLUMNS)) + "|"]
    for name in (*INVERSIONS, PUBLISHED):
        values = [_shown(found.get(f"{name}: {column}"), column) for column in COLUMNS]
        lines.append(f"| {name} | {' | '.join(values)} |")
    return "\n".join(lines)


def _shown(value: float | None, column: str) -> str:
    if value is None:
        return "-"
    return f"{value:.5f}" if column == "error" else f"{value:.3g}"
