"""How a tuning is carried out, apart from what it aims at."""

import math
from dataclasses import asdict, dataclass
from typing import Any

from overpaint.errors import OptionError
from overpaint.methods.options import opt
from overpaint.recipes.fit import FitConfig

GROWTH = {"paper": 1.2, "code": 1.3}
EVERY = 50  # iterations, in the paper (arXiv 2110.02711, section 4)


@dataclass(frozen=True)
class Manner:
    """Pictures, grid, gradients, optimiser and when to stop."""

    t0: float = opt(250.0, "time to which pictures are noised", 1, 999)
    iterations: int = opt(130, "optimiser steps", 1, 100_000)
    batch_size: int = opt(8, "pictures a step", 1, 1024)
    pictures: int = opt(64, "pictures to learn from, at most", 1, 100_000)
    images: str = opt("", "portraits, drawn, or a folder of pictures; else as fits the model")
    num_inversion_steps: int = opt(20, "network calls from a picture to noise", 1, 1000)
    num_inference_steps: int = opt(1, "network calls of the chain that is trained", 1, 1000)
    grid: str = opt("closed", "times visited", choices=("closed", "official"))
    gradient: str = opt(
        "auto",
        "through the chain; with its activations made anew; or of each step by itself",
        choices=("auto", "full", "checkpointed", "per-step"),
    )
    last_steps: int = opt(0, "steps of the chain that have a gradient; 0: all", 0, 1000)
    step_each: bool = opt(False, "per-step: an optimiser step after each, as the authors do")
    micro_batch: int = opt(0, "pictures in the network at once; 0: as memory allows", 0, 1024)
    precision: str = opt("auto", "of multiplications", choices=("auto", "bf16", "off"))
    lr: float = opt(1e-3, "peak learning rate of Adam, or the one it grows from", 0, 1)
    lr_schedule: str = opt(
        "cosine",
        "to zero; as it is; x 1.2 in 50 iterations; x 1.3 in a round of all pictures",
        choices=("cosine", "constant", "paper", "code"),
    )
    rank: int = opt(16, "of the low-rank adapter", 1, 512)
    learn: str = opt(
        "truncated",
        "convolutions, then truncated to the rank; its factors; or all weights",
        choices=("truncated", "factors", "all"),
    )
    patience: int = opt(0, "iterations without a better direction, then it stops; 0: any", 0)
    likeness_floor: float = opt(0.0, "of the face's cosine, below which it stops; 0: none", 0, 1)
    strip_every: int = opt(0, "iterations between two strips of pictures; 0: none", 0)
    seed: int = opt(0, "of weights, pictures, order and views", 0)


# What FitConfig says already, or a hash of the content; and how a run is carried out.
_APART = ("iterations", "lr", "lr_schedule", "precision", "seed", "images")
_FREE = ("micro_batch", "strip_every")


def check(manner: Manner) -> None:
    """Refuses what single options cannot tell."""
    if manner.grid == "official" and 1 in (manner.num_inversion_steps, manner.num_inference_steps):
        why = "the official grid visits two times at least"
        raise OptionError("1 step is too few", why, "take 2 steps or more, or -O grid=closed")
    if manner.step_each and manner.gradient != "per-step":
        why = f"gradient is {manner.gradient}"
        raise OptionError("step_each has no steps to follow", why, "add -O gradient=per-step")


def fitting(manner: Manner, pictures: int, moves: int) -> FitConfig:
    """The settings of `fit` for so many pictures and moves of the chain.

    The authors' rates grow from the first iteration; the others are warmed up to.
    """
    growing = manner.lr_schedule in GROWTH
    rounds = math.ceil(pictures / manner.batch_size) * (moves if manner.step_each else 1)
    return FitConfig(
        steps=manner.iterations,
        lr=manner.lr,
        warmup=0 if growing else min(10, manner.iterations // 4),
        schedule="growing" if growing else manner.lr_schedule,  # type: ignore[arg-type]
        growth=GROWTH.get(manner.lr_schedule, 1.0),
        growth_steps=EVERY if manner.lr_schedule == "paper" else rounds,
        weight_decay=0.0,
        ema=0.0,
        autocast=manner.precision,  # type: ignore[arg-type]
        seed=manner.seed,
        save_every_seconds=15.0,
    )


def settled(manner: Manner) -> dict[str, Any]:
    """The options that a run depends on, and that `fit` does not know."""
    return {k: v for k, v in asdict(manner).items() if k not in (*_APART, *_FREE)}
