"""The table of figures: what was asked, what was measured, by which command."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from benchmarks.degrees import DEGREES, NAMES
from benchmarks.edits import AIMS

ROOT = Path(__file__).parent.parent
MARKED = re.compile(r"(<!-- figures(?:: (\w+))? -->\n).*?(<!-- /figures -->)", re.S)
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
        return f"{value:.2f} s" if self.unit == "s" else f"{value:{self.unit or '.4f'}}"


def rows(of: str | None = None) -> list[Row]:
    """The figures of a method, or of the whole project."""
    return diffusionclip() if of == "diffusionclip" else [*embedded(), *diffusionclip()]


def embedded() -> list[Row]:
    """What the embedded models reach, and how fast."""
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


def diffusionclip() -> list[Row]:
    """What the method does, whatever it was tuned to."""
    run, pair = "python -m benchmarks", "zombie + red-hair noise"
    six = "t0 500: dpmpp_2m 6, log-SNR"
    return [
        Row(
            "inversion refined by fixed point, and reconstruction, mean absolute error",
            f"{run} inversion",
            _at("inversion", "float32, fixed point of 2"),
            0.0015,
            "",
            more=False,
        ),
        Row(
            "zombie and red hair combined: both",
            f"{run} combining",
            _at("combining", f"{pair} both"),
            0.8,
        ),
        Row(
            "zombie and red hair combined: kept",
            f"{run} combining",
            _at("combining", f"{pair} kept"),
            0.85,
        ),
        Row(
            "least rise of the judge's probability by a quarter more degree",
            f"{run} degrees",
            least_rise,
            0,
            ".5f",
        ),
        Row(
            "peak memory of a checkpointed chain against the full one's",
            f"{run} memory",
            _at("memory", "checkpointed: share of the peak"),
            0.4,
            more=False,
        ),
        Row(
            "its gradient, relative difference",
            f"{run} memory",
            _at("memory", "checkpointed: gradient off, relative"),
            1e-5,
            ".0e",
            more=False,
        ),
        Row(
            "six steps of DPM-Solver++ to forty of DDIM, against twelve of DDIM",
            f"{run} solvers",
            lambda results: results["solvers"][six] / results["solvers"]["t0 500: ddim 12"],
            1,
            ".2f",
            more=False,
        ),
    ]


def least_rise(results: Results) -> float:
    """The smallest step of the mean probability from one degree to the next, of all adapters."""
    found = results["degrees"]
    curves = [[found[f"{name} {degree:g}"] for degree in DEGREES] for name in NAMES]
    return min(b - a for curve in curves for a, b in pairwise(curve))


def _at(group: str, name: str) -> Callable[[Results], float]:
    return lambda results: results[group][name]


def table(results: Results, of: str | None = None) -> str:
    """The rows as a Markdown table."""
    head = "| figure | asked for | measured | command |\n|---|---|---|---|"
    return "\n".join([head, *(row.line(results) for row in rows(of))])


def publish(results: Path) -> None:
    """Put the tables between the marks of the pages."""
    found = json.loads(results.read_text())
    for page in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))):
        before = page.read_text(encoding="utf-8")
        after = MARKED.sub(lambda mark: f"{mark[1]}{table(found, mark[2])}\n{mark[3]}", before)
        if after != before:
            page.write_text(after, encoding="utf-8")
