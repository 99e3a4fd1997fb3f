"""Candidates of a local edit: their seconds, and what a CLIP that did not guide makes of them."""

import time
from collections.abc import Mapping
from statistics import median
from typing import Any

import torch
from torch import Tensor

from benchmarks.local import Local, as_asked, drawn, tools, wanted
from benchmarks.pictures import arrays
from overpaint.models.bundle import DiffusionModel
from overpaint.models.zoo import load
from overpaint.ranking import rank, ranker

RANKED = ("glasses", "beard", "hat")
GENTLE = {"loss": "arc", "guidance_scale": 0.2}  # natural and varied: ranking has work to do
GRADIENTS = ("exact", "free")
COUNT = 16  # candidates of a picture
QUARTER = COUNT // 4
Figures = dict[str, float]


def measured() -> Figures:
    """Seconds of candidates and shares as asked by rank."""
    return {**seconds(), **by_rank()}


def seconds(alone: int = 9, batches: int = 3) -> Figures:
    """Of one candidate alone and of each of sixteen in a batch: medians, the gradients by turns."""
    model, local, found = load("portraits"), wanted("hat")[0], Figures()
    given = tools(model, local.task)

    def spent(count: int, repeats: int) -> dict[str, float]:
        turns = [
            {way: _timed(model, local, given, count, way) for way in GRADIENTS}
            for _ in range(repeats + 1)
        ][1:]  # the first one of a process is slower
        return {way: median(turn[way] for turn in turns) / count for way in GRADIENTS}

    one, each = spent(1, alone), spent(COUNT, batches)
    for way in GRADIENTS:
        found[f"{way}: one candidate, seconds"] = one[way]
        found[f"{way}: each of {COUNT}, seconds"] = each[way]
        found[f"{way}: each of {COUNT}, to one alone"] = each[way] / one[way]
    return found | {"free: share of the seconds": one["free"] / one["exact"]}


def _timed(
    model: DiffusionModel, local: Local, given: Mapping[str, Any], count: int, way: str
) -> float:
    began = time.perf_counter()
    drawn(model, local, given, tuple(range(count)), gradient=way)
    return time.perf_counter() - began


def by_rank(count: int = 24) -> Figures:
    """Shares judged as asked of all candidates, of the best quarter by rank and of the worst.

    `count` pictures, as many of each kind; the quarters are of each picture's candidates. The text
    alone guides them, and gently: from a source prompt four of five are as asked, or more.
    """
    model, asked, seeds = load("portraits"), [], tuple(range(COUNT))
    given = tools(model, wanted(RANKED[0])[0].task)
    for name in RANKED:
        for local in wanted(name)[: count // len(RANKED)]:
            made = drawn(model, local, given, seeds, **GENTLE)
            asked.append(as_asked([local] * COUNT, made)[_order(local, made)])
    shares = torch.stack(asked).float().mean(0)
    figures = {
        "as asked, all": float(shares.mean()),
        "as asked, best quarter": float(shares[:QUARTER].mean()),
        "as asked, worst quarter": float(shares[-QUARTER:].mean()),
        "as asked, first": float(shares[0]),
    }
    lead = figures["as asked, best quarter"] - figures["as asked, worst quarter"]
    return {**figures, "best quarter over worst": lead}


def _order(local: Local, made: Tensor) -> list[int]:
    """Numbers of the candidates `(B, 3, S, S)`, best first."""
    mask = (local.region[0, 0] * 255).byte().numpy()
    texts = {"prompt": local.prompt, "source_prompt": local.source_prompt}
    return [each.index for each in rank(arrays(made), **texts, mask=mask, clip=ranker())]
