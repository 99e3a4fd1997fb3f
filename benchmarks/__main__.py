"""Measure the figures of the project: `python -m benchmarks [judge clip samples ...]`.

Each writes its numbers to `benchmarks/results.json`; the table of all goes to `docs/figures.md`.
"""

import json
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch

from benchmarks import (
    attention,
    baseline,
    candidates,
    combining,
    degrees,
    edits,
    guides,
    inversions,
    local,
    memory,
    models,
    opposites,
    outside,
    portraits_cf,
    ranking,
    solvers,
    speed,
    strokes,
    swap_rows,
    swaps,
    sweeps,
    table,
    tradeoff,
    uses,
    word_uses,
)
from benchmarks.pictures import save_grid

RESULTS = Path(__file__).parent / "results.json"
Figures = dict[str, float]


def sampled() -> Figures:
    """Share of confident samples; keeps a grid of the first 64."""
    figures, pictures = models.samples()
    save_grid(pictures, "samples.png", 16)
    return figures


def edited() -> Figures:
    """As asked and otherwise kept, for every embedded adapter; keeps rows of sources and edits."""
    figures = {}
    for name in edits.AIMS:
        found, sources, made = edits.judged(name)
        figures |= {f"{name} {what}": value for what, value in found.items() if what != "seconds"}
        save_grid(torch.cat([sources[:12], made[:12]]), f"{name}.png", 12)
    return figures


def against_baseline() -> Figures:
    """Adapters beside latent optimisation; keeps rows of sources and each way's edits."""
    figures, rows = baseline.compared()
    for name, pictures in rows.items():
        save_grid(pictures, f"baseline-{name}.png", len(pictures) // (1 + len(baseline.WAYS)))
    return figures


def from_strokes() -> Figures:
    """Strokes made real and edited; keeps rows of sources, strokes and what came of them."""
    figures = strokes.measured()
    save_grid(strokes.sheet(), "strokes.png", strokes.COLUMNS)
    return figures


def degree_of_change() -> Figures:
    """The judge's probability by degree; keeps a strip of one picture for each adapter."""
    figures, strips = {}, []
    for name in degrees.NAMES:
        found, made = degrees.rising(name)
        figures, strips = figures | found, [*strips, made[0]]
    save_grid(torch.cat(strips), "degrees.png", len(degrees.DEGREES))
    return figures


def edited_in_regions(columns: int = 12) -> Figures:
    """Local edits by kind; keeps rows of sources and of what both gradients made of them."""
    figures, rows = local.measured()
    for name, pictures in rows.items():
        shown = pictures[:, :columns].flatten(0, 1)
        save_grid(shown, f"local-{name.replace(' ', '-')}.png", columns)
    return figures


def inverted() -> Figures:
    """Every inversion; keeps rows of sources and of what each gave back."""
    figures, rows = inversions.measured()
    save_grid(rows.flatten(0, 1), "inversions.png", rows.shape[1])
    return figures


def word_swaps(method: str, columns: int = 8) -> Figures:
    """A method by kind of swap; keeps rows of sources, masks, edits and true edits."""
    figures, rows = swaps.measured(method)
    for name, pictures in rows.items():
        shown = pictures[:, :columns].flatten(0, 1)
        save_grid(shown, f"{method}-{name.replace(' ', '-')}.png", columns)
    return figures


MEASURED: dict[str, Callable[[], Figures]] = {
    "judge": models.judging,
    "clip": models.zero_shot,
    "clip-check": models.ranking_eye,
    "ranking": ranking.ranked,
    "samples": sampled,
    "inversion": models.reconstruction,
    "inversions": inverted,
    "edits": edited,
    "baseline": against_baseline,
    "strokes": from_strokes,
    "degrees": degree_of_change,
    "local": edited_in_regions,
    "candidates": candidates.measured,
    "outside": outside.measured,
    **{method: partial(word_swaps, method) for method in swap_rows.METHODS},
    "opposites": opposites.measured,
    "uses": uses.tried,
    "word-uses": word_uses.tried,
    "guides": guides.made_real,
    "tradeoff": tradeoff.measured,
    "combining": combining.combined,
    "solvers": solvers.all_times,
    "speed": speed.measured,
    "memory": memory.measured,
    "attention": attention.measured,
    "sweeps": sweeps.measured,
    "portraits-cf": portraits_cf.measured,
}


def main(names: list[str]) -> None:
    """Measure what is named (everything by default), print it and keep it."""
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    for name in names or list(MEASURED):
        results[name] = {what: round(value, 5) for what, value in MEASURED[name]().items()}
        RESULTS.write_text(json.dumps(results, indent=1) + "\n")
        width = max(map(len, results[name]))
        for what, value in results[name].items():
            print(f"{name:10} {what:{width}} {value:.4f}")
    table.publish(RESULTS)


if __name__ == "__main__":
    main(sys.argv[1:])
