"""The table of figures: what was asked, what was measured, by which command."""

import json
import re
from collections.abc import Callable, Mapping
from itertools import pairwise
from pathlib import Path

from benchmarks import attention, local_rows, portraits_cf, swap_rows, sweeps
from benchmarks.degrees import DEGREES, NAMES
from benchmarks.edits import AIMS
from benchmarks.inversion_rows import inversions, wide
from benchmarks.row import Results, Row, at

ROOT = Path(__file__).parent.parent
MARKED = re.compile(r"(<!-- figures(?:: ([\w-]+))? -->\n).*?(<!-- /figures -->)", re.S)


def groups() -> dict[str, Callable[[], list[Row]]]:
    """The figures of the whole project, by what they are of."""
    found = {"embedded": embedded, "diffusionclip": diffusionclip}
    found |= {**local_rows.METHODS, **swap_rows.METHODS}
    return found | {"inversions": inversions, "attention": attention.rows}


def rows(of: str | None = None) -> list[Row]:
    """The figures of a method, or of the whole project."""
    return groups()[of]() if of else [row for rows in groups().values() for row in rows()]


def embedded() -> list[Row]:
    """What the embedded models reach, and how fast."""
    run = "python -m benchmarks"
    zero_shot = ("hair", "hair_style", "headwear", "eyewear", "background")
    found = [
        Row("judge: mean accuracy on held-out renders", f"{run} judge", at("judge", "mean"), 0.98)
    ]
    for name in zero_shot:
        label = f"CLIP, zero-shot: {name.replace('_', ' ')}"
        found.append(Row(label, f"{run} clip", at("clip", name), 0.95))
    found += [
        Row("CLIP, zero-shot: style", f"{run} clip", at("clip", "style"), 0.99),
        Row(
            "samples whose parts the judge reads with confidence over 0.9",
            f"{run} samples",
            at("samples", "samples"),
            0.85,
        ),
        Row(
            "inversion and reconstruction, mean absolute error",
            f"{run} inversion",
            at("inversion", "default"),
            0.006,
            "",
            more=False,
        ),
    ]
    for name, aim in AIMS.items():
        bar = 0.90 if aim.attribute == "style" else 0.80
        found.append(Row(f"{name}: as asked", f"{run} edits", at("edits", f"{name} asked"), bar))
        found.append(Row(f"{name}: kept", f"{run} edits", at("edits", f"{name} kept"), 0.85))
    found += [
        Row(
            "tuning one text, longest",
            f"{run} speed",
            at("speed", "tuning one text, longest"),
            240,
            "s",
            more=False,
        ),
        Row(
            "one edit, model loaded",
            f"{run} speed",
            at("speed", "edit, model loaded"),
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
            at("inversion", "float32, fixed point of 2"),
            0.0015,
            "",
            more=False,
        ),
        Row(
            "zombie and red hair combined: both",
            f"{run} combining",
            at("combining", f"{pair} both"),
            0.8,
        ),
        Row(
            "zombie and red hair combined: kept",
            f"{run} combining",
            at("combining", f"{pair} kept"),
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
            at("memory", "checkpointed: share of the peak"),
            0.4,
            more=False,
        ),
        Row(
            "its gradient, relative difference",
            f"{run} memory",
            at("memory", "checkpointed: gradient off, relative"),
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


def table(results: Results, of: str | None = None) -> str:
    """The rows as a Markdown table, or one of those with a form of their own."""
    if of in WHOLE:
        return WHOLE[of](results)
    head = "| figure | asked for | measured | command |\n|---|---|---|---|"
    return "\n".join([head, *(row.line(results) for row in rows(of))])


def summary(results: Results) -> str:
    """Of each group how many figures were aimed at, are measured until now, and are reached."""
    lines = ["| figures of | aimed at | measured | reached |", "|---|---|---|---|"]
    for name, found in groups().items():
        rows = found()
        told = sum(row.measured(results) for row in rows)
        reached = sum(row.reached(results) for row in rows)
        lines.append(f"| {name} | {len(rows)} | {told} | {reached} |")
    return "\n".join(lines)


WHOLE: Mapping[str, Callable[[Results], str]] = {
    "reconstructions": wide,
    "summary": summary,
    "sweeps": sweeps.table,
    "portraits-cf": portraits_cf.table,
}
"""Tables with columns of their own."""


def publish(results: Path) -> None:
    """Put the tables between the marks of the pages."""
    found = json.loads(results.read_text())
    for page in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))):
        before = page.read_text(encoding="utf-8")
        after = MARKED.sub(lambda mark: f"{mark[1]}{table(found, mark[2])}\n{mark[3]}", before)
        if after != before:
            page.write_text(after, encoding="utf-8")
