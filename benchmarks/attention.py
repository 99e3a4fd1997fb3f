"""What control of attention costs a step of Stable Diffusion 1.5's network, of random weights.

A source and its edit under guidance, 512 x 512, bfloat16. Peaks are of processes of their own
(Linux): what a step takes beside what was held before it. Seconds are the processor's, of steps
taken in turns.
"""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from statistics import median
from typing import Any

import torch
from diffusers import UNet2DConditionModel

from benchmarks.row import Row, at
from overpaint.bench.peaks import peak, reset
from overpaint.core.alignment import refine
from overpaint.core.attention import AttentionPlan, Borrowing
from overpaint.core.emphasis import equalizer, windows
from overpaint.core.heat import Heat
from overpaint.core.schedule import NoiseSchedule, below
from overpaint.core.wording import Wording, words
from overpaint.models.attending import controlled
from overpaint.models.bundle import DiffusionModel
from overpaint.models.conditions import Cond
from overpaint.models.devices import placed
from overpaint.models.zoo import load

PLAIN, CONTROLLED, BOTH = "plain", "controlled", "both"
PAIRS, SIDE, CONTEXT, WIDTH = 2, 64, 77, 768
CONFIG = {"cross_attention_dim": WIDTH, "attention_head_dim": 8}  # the rest are the defaults
SCHEDULE = NoiseSchedule.scaled_linear()
LEVELS = SCHEDULE.path(below(900, 50))


def measured() -> dict[str, float]:
    """Seconds of a step and MiB that it takes, of both, and their shares of the plain one's."""
    figures = {}
    for way in (PLAIN, CONTROLLED, BOTH):
        command = [sys.executable, "-m", "benchmarks.attention", way]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        figures |= json.loads(done.stdout)
    taken, held = (figures[f"{PLAIN}: {what}, MiB"] for what in ("peak", "held"))
    more = figures[f"{CONTROLLED}: peak, MiB"] - taken
    seconds = [figures[f"{way}: step, seconds"] for way in (CONTROLLED, PLAIN)]
    return {
        **figures,
        "controlled: times the seconds": seconds[0] / seconds[1],
        "controlled: more peak memory": more / (taken + held),
        "controlled: more peak memory, weights apart": more / taken,
    }


def rows() -> list[Row]:
    """What was asked of control."""
    run, of = "python -m benchmarks attention", "Stable Diffusion 1.5"
    slower, more = (
        at("attention", f"controlled: {what}") for what in ("times the seconds", "more peak memory")
    )
    return [
        Row(f"a controlled step of {of} against a plain one", run, slower, 1.15, ".2f", more=False),
        Row(f"a controlled step of {of}: more peak memory", run, more, 0.05, more=False),
    ]


def network() -> DiffusionModel:
    """Every weight that is multiplied is random, in bfloat16; norms and biases do nothing."""
    with torch.device("meta"):
        net: Any = UNet2DConditionModel(**CONFIG)
    net = net.to_empty(device="cpu")
    for weight in net.parameters():
        if weight.ndim > 1:
            half = torch.empty_like(weight, dtype=torch.bfloat16)
            weight.data = half.normal_(std=weight[0].numel() ** -0.5)
    for module in net.modules():
        if isinstance(module, torch.nn.GroupNorm | torch.nn.LayerNorm):
            torch.nn.init.ones_(module.weight)
        if (bias := getattr(module, "bias", None)) is not None:
            torch.nn.init.zeros_(bias)
    reads = load("tiny-text")
    return replace(reads, net=placed(net, "cpu"), dtype=torch.bfloat16, name="stable diffusion")


def said(text: str) -> Wording:
    """A text of which each word is a token."""
    spans = (None, *(word.bare for word in words(text)))
    return Wording(text, (*spans, *[None] * (CONTEXT - len(spans))))


def plan() -> tuple[AttentionPlan, Heat]:
    """An edit that takes all that there is: a finer text, weights, self-attention and heat."""
    source, target = said("a photo of a cat"), said("a watercolour photo of a cat in the snow")
    weights, timed = equalizer(target, [("snow", 2.0)]), windows(target, 0.8)
    row = Borrowing(0, refine(source, target), weights, timed, (0.0, 0.5))
    looked = torch.zeros(2, CONTEXT, 1)
    looked[:, 4] = 1
    return AttentionPlan(LEVELS, [None, row]), Heat(looked, 4)


def ready(side: int = SIDE) -> Callable[[str], float]:
    """Takes a step in a way and says how many seconds it took."""
    model, (planned, heat) = network(), plan()
    rng = torch.Generator().manual_seed(0)
    x = torch.randn(4, 4, side, side, generator=rng)
    cond = Cond(torch.randn(4, CONTEXT, WIDTH, generator=rng))

    def step(way: str, x: torch.Tensor = x) -> float:
        began = time.process_time()
        if way == PLAIN:
            model(x, LEVELS[0], cond)
        else:
            with controlled(model, planned, heat) as shared:
                shared(x, LEVELS[0], cond)
        return time.process_time() - began

    with torch.no_grad():
        step(PLAIN, x[..., :8, :8])  # what is made once only
    return torch.no_grad()(step)


def alone(way: str, side: int = SIDE) -> dict[str, float]:
    """Of one way its memory in MiB, of both their seconds."""
    step = ready(side)
    if way == BOTH:
        pairs = [(step(PLAIN), step(CONTROLLED)) for _ in range(PAIRS)]
        timed = zip((PLAIN, CONTROLLED), zip(*pairs, strict=True), strict=True)
        return {f"{which}: step, seconds": median(seconds) for which, seconds in timed}
    reset()  # forget what loading took
    before = peak()
    step(way)
    more = (peak() - before) / 2**20
    return {f"{way}: held, MiB": before / 2**20, f"{way}: peak, MiB": more}


if __name__ == "__main__":
    print(json.dumps(alone(sys.argv[1], *map(int, sys.argv[2:]))))
