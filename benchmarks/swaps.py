"""Edits of held-out portraits, one word of the caption swapped: judged, and measured outside."""

import time
from collections.abc import Sequence

import torch
from torch import Tensor

from benchmarks.local import Figures, Local, as_asked, kept
from benchmarks.swapped import ALL, KINDS, wanted
from overpaint.core.shaping import overlap
from overpaint.methods import registry
from overpaint.methods.registry import Outcome, Run, Task
from overpaint.models.bundle import DiffusionModel
from overpaint.models.zoo import load

MODEL = "portraits-latent"
ROUNDING = (0.5 / 255) ** 2  # squared error that a file may add; an untouched picture has none


def measured(
    method: str, count: int = 64, name: str = MODEL, **options: object
) -> tuple[Figures, dict[str, Tensor]]:
    """What edits and the true edits reach, by kind; rows of sources, masks, edits and truth."""
    figures, rows, model = Figures(), {}, load(name)
    for kind in KINDS:
        swaps = wanted(kind, count, model.size)
        began = time.perf_counter()
        outcomes = [edited(method, model, swap, seed, **options) for seed, swap in enumerate(swaps)]
        figures[f"{kind}: seconds"] = (time.perf_counter() - began) / len(swaps)
        made = torch.cat([outcome.images for outcome in outcomes])
        masks = torch.cat([mask_of(outcome) for outcome in outcomes])
        regions = torch.cat([swap.region for swap in swaps])
        figures |= {f"{kind}: {what}": value for what, value in judged(swaps, made).items()}
        figures[f"{kind}: mask, IoU"] = float(overlap(masks, regions).mean())
        truth, source = (torch.cat([getattr(s, n) for s in swaps]) for n in ("truth", "picture"))
        figures |= {f"{kind}, true edit: {n}": v for n, v in judged(swaps, truth).items()}
        shown = masks.expand_as(source) * 2 - 1
        rows[kind] = torch.stack([source, shown, made, truth])
    for what in ("asked", "kept", "background, dB", "mask, IoU"):
        figures[f"{ALL}: {what}"] = sum(figures[f"{kind}: {what}"] for kind in KINDS) / len(KINDS)
    return figures, rows


def edited(name: str, model: DiffusionModel, swap: Local, seed: int, **options: object) -> Outcome:
    """The edit by both captions, its mask found."""
    method = registry.find(name)
    task = Task(swap.picture, swap.prompt, swap.source_prompt)
    parsed = registry.parse_options(method, options)
    return registry.perform(method, model, task, parsed, Run((seed,)), {})


def mask_of(outcome: Outcome) -> Tensor:
    """(1, 1, S, S): where it was edited."""
    whole = torch.ones_like(outcome.images[:, :1])
    return whole if outcome.mask is None else (outcome.mask > 0).to(whole)


def judged(swaps: Sequence[Local], made: Tensor) -> Figures:
    """Shares as asked and kept, and how little changed outside of the true region."""
    asked = float(as_asked(swaps, made).float().mean())
    return {"asked": asked, "kept": kept(swaps, made), "background, dB": background(swaps, made)}


def background(swaps: Sequence[Local], made: Tensor) -> float:
    """The mean PSNR of pictures in [0, 1] outside their true regions; rounding counts as error."""
    found = []
    for swap, picture in zip(swaps, made.split(1), strict=True):
        outside = (1 - swap.region).expand_as(picture)
        error = ((picture - swap.picture) / 2 * outside).square().sum() / outside.sum()
        found.append(-10 * torch.log10(error.clamp(min=ROUNDING)))
    return float(torch.stack(found).mean())
