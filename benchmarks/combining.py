"""Two attributes in one edit: both there, and everything else as it was."""

from collections.abc import Sequence

import torch

from benchmarks.edits import AIMS, performed, photos_for
from benchmarks.worlds import HeldOut, read
from overpaint.methods.combining import Blend, Part
from overpaint.methods.diffusionclip import Options
from overpaint.metrics.semantic import kept
from overpaint.models.bundle import DiffusionModel
from overpaint.models.control import read_adapter
from overpaint.models.zoo import WEIGHTS, load
from overpaint.portraits.labels import HIDDEN

PAIRS = (("zombie", "red-hair"), ("red-hair", "smiling"))


def edited(
    model: DiffusionModel,
    names: Sequence[str],
    pictures: torch.Tensor,
    weight: float = 1.0,
    **options: object,
) -> torch.Tensor:
    """Pictures `(N, 3, S, S)` edited with several embedded adapters, each of the same weight."""
    parts = (Part(read_adapter(WEIGHTS / "adapters" / name), weight) for name in names)
    chosen, given = Options(**options), {"adapter": Blend(tuple(parts))}  # type: ignore[arg-type]
    return performed("diffusionclip", model, pictures, " and ".join(names), chosen, given)


def judged(
    names: Sequence[str], count: int = 64, **how: object
) -> tuple[dict[str, float], torch.Tensor, torch.Tensor]:
    """(both, kept) of a pair, on photos that show neither of the two; the sources and the edits."""
    data: HeldOut = photos_for(names, count)
    made = edited(load("portraits"), names, data.pictures, **how)  # type: ignore[arg-type]
    before, after, aims = read(data.pictures), read(made), [AIMS[name] for name in names]
    others = tuple(o for o in aims[0].others() if all(o in aim.others() for aim in aims))
    shown = {other: data.labels[other] != HIDDEN for other in others}
    there = [after[aim.attribute].argmax(1) == aim.index for aim in aims]
    figures = {
        "both": float(torch.stack(there).all(0).float().mean()),
        "kept": kept(before, after, shown, others),
    }
    return figures, data.pictures, made


def combined(count: int = 64) -> dict[str, float]:
    """Every pair at full weight, by noise and by merged weights."""
    found = {}
    for pair in PAIRS:
        for combine in ("noise", "weights"):
            figures, *_ = judged(pair, count, combine=combine)
            found |= {f"{' + '.join(pair)} {combine} {n}": v for n, v in figures.items()}
    return found
