"""The table of figures: what was asked, what was measured, by which command."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.edits import AIMS

ROOT = Path(__file__).parent.parent
MARKS = "<!-- figures -->", "<!-- /figures -->"
Results = Mapping[str, Mapping[str, float]]


@dataclass(frozen=True)
class Row:
    """One figure: where its number is, what it should reach, and whether more is better."""

    label: str
    command: str
    value: Callable[[Results], float]
    bar: float
    unit: str = "%"
    more: bool = True

    def line(self, results: Results) -> str:
        """The row in Markdown; a figure that was not measured yet is a dash."""
        try:
            value = self.value(results)
        except KeyError:
            return f"| {self.label} | {self._shown(self.bar)} | - | `{self.command}` |"
        reached = value >= self.bar if self.more else value <= self.bar
        mark = "" if reached else " (short)"
        return (
            f"| {self.label} | {self._shown(self.bar)} | {self._shown(value)}{mark} "
            f"| `{self.command}` |"
        )

    def _shown(self, value: float) -> str:
        if self.unit == "%":
            return f"{100 * value:.1f} %"
        return f"{value:.2f} s" if self.unit == "s" else f"{value:.4f}"


def rows() -> list[Row]:
    """Every figure of the project."""
    run = "python -m benchmarks"
    zero_shot = ("hair", "hair_style", "headwear", "eyewear", "background")
    found = [
        Row("judge: mean accuracy on held-out renders", f"{run} judge", _at("judge", "mean"), 0.98)
    ]
    for name in zero_shot:
        label = f"CLIP, zero-shot: {name.replace('_', ' ')}"
        found.append(Row(label, f"{run} clip", _at("clip", name), 0.95))
    found += [
        Row("CLIP, zero-shot: style", f"{run} clip", _at("clip", "style"), 0.99),
        Row(
            "samples whose parts the judge reads with confidence over 0.9",
            f"{run} samples",
            _at("samples", "samples"),
            0.85,
        ),
        Row(
            "inversion and reconstruction, mean absolute error",
            f"{run} inversion",
            _at("inversion", "default"),
            0.006,
            "",
            more=False,
        ),
    ]
    for name, aim in AIMS.items():
        bar = 0.90 if aim.attribute == "style" else 0.80
        found.append(Row(f"{name}: as asked", f"{run} edits", _at("edits", f"{name} asked"), bar))
        found.append(Row(f"{name}: kept", f"{run} edits", _at("edits", f"{name} kept"), 0.85))
    found += [
        Row(
            "tuning one text, longest",
            f"{run} speed",
            _at("speed", "tuning one text, longest"),
            240,
            "s",
            more=False,
        ),
        Row(
            "one edit, model loaded",
            f"{run} speed",
            _at("speed", "edit, model loaded"),
            3,
            "s",
            more=False,
        ),
    ]
    return found


def _at(group: str, name: str) -> Callable[[Results], float]:
    return lambda results: results[group][name]


def table(results: Results) -> str:
    """All rows as a Markdown table."""
    head = "| figure | at least | measured | command |\n|---|---|---|---|"
    return "\n".join([head, *(row.line(results) for row in rows())])


def publish(results: Path) -> None:
    """Put the table between the marks of `docs/figures.md` and of the README."""
    text = table(json.loads(results.read_text()))
    for page in (ROOT / "docs" / "figures.md", ROOT / "README.md"):
        content = page.read_text(encoding="utf-8")
        if all(mark in content for mark in MARKS):
            before, rest = content.split(MARKS[0])
            after = rest.split(MARKS[1])[1]
            page.write_text(f"{before}{MARKS[0]}\n{text}\n{MARKS[1]}{after}", encoding="utf-8")
