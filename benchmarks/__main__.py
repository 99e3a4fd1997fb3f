"""Measure the figures of the project: `python -m benchmarks [judge clip samples ...]`.

Each writes its numbers to `benchmarks/results.json`; the table of all goes to `docs/figures.md`.
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import torch
from PIL import Image

from benchmarks import combining, degrees, edits, models, solvers, speed, table

RESULTS = Path(__file__).parent / "results.json"
PICTURES = Path(__file__).parent.parent / "docs" / "pictures"
Figures = dict[str, float]


def sampled() -> Figures:
    """Share of confident samples; keeps a grid of the first 64."""
    figures, pictures = models.samples()
    _grid(pictures, "samples.png", 16)
    return figures


def edited() -> Figures:
    """As asked and otherwise kept, for every embedded adapter; keeps rows of sources and edits."""
    figures = {}
    for name in edits.AIMS:
        found, sources, made = edits.judged(name)
        figures |= {f"{name} {what}": value for what, value in found.items() if what != "seconds"}
        _grid(torch.cat([sources[:12], made[:12]]), f"{name}.png", 12)
    return figures


def degree_of_change() -> Figures:
    """The judge's probability by degree; keeps a strip of one picture for each adapter."""
    figures, strips = {}, []
    for name in degrees.NAMES:
        found, made = degrees.rising(name)
        figures, strips = figures | found, [*strips, made[0]]
    _grid(torch.cat(strips), "degrees.png", len(degrees.DEGREES))
    return figures


MEASURED: dict[str, Callable[[], Figures]] = {
    "judge": models.judging,
    "clip": models.zero_shot,
    "samples": sampled,
    "inversion": models.reconstruction,
    "edits": edited,
    "degrees": degree_of_change,
    "combining": combining.combined,
    "solvers": solvers.all_times,
    "speed": speed.measured,
}


def _grid(pictures: torch.Tensor, name: str, columns: int) -> None:
    """Save pictures `(N, 3, S, S)` in [-1, 1] side by side, at twice their size."""
    rows = [torch.cat(list(row), dim=2) for row in pictures.split(columns)]
    whole = ((torch.cat(rows, dim=1) + 1) * 127.5).round().byte().permute(1, 2, 0).numpy()
    PICTURES.mkdir(parents=True, exist_ok=True)
    size = (whole.shape[1] * 2, whole.shape[0] * 2)
    Image.fromarray(whole).resize(size, Image.Resampling.NEAREST).save(PICTURES / name)


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
