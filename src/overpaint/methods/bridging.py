"""From a domain the model never saw into its own (DiffusionCLIP, arXiv:2110.02711, section 3.4)."""

import torch
from torch import Tensor

from overpaint.core.rng import NoiseStream
from overpaint.core.schedule import below
from overpaint.core.solvers import last, solve
from overpaint.methods.registry import Run
from overpaint.models.bundle import DiffusionModel

TIME = 200  # details are noise there, forms are not
DRAWS = 4


def strangeness(model: DiffusionModel, x0: Tensor) -> Tensor:
    """How badly the model denoises each of `x0` (B, ...) in one step: mean absolute error (B,)."""
    level = model.schedule.at(min(TIME, len(model.schedule) - 1))
    noise = NoiseStream(range(DRAWS)).randn((DRAWS, *x0.shape[1:]), x0.device)
    errors = []
    for one in x0:
        with torch.no_grad():
            found = model(level.noised(one, noise), level).x0
        errors.append((found - one).abs().mean() / 2)
    return torch.stack(errors)


def limit_of_familiar(model: DiffusionModel, images: Tensor, margin: float = 1.25) -> float:
    """The card's `strangeness_limit`, from held-out pictures (B, 3, S, S) of the model's domain."""
    return margin * float(strangeness(model, model.codec.encode(images.to(model.device))).max())


def is_strange(model: DiffusionModel, x0: Tensor) -> bool:
    """Whether `x0` (1, ...) is denoised worse than anything the model's card calls familiar."""
    limit = model.card.get("strangeness_limit")
    return limit is not None and float(strangeness(model, x0)[0]) > float(limit)


def bridge(
    model: DiffusionModel, x0: Tensor, t0: float, *, steps: int, repeats: int, run: Run
) -> Tensor:
    """`x0` (B, ...) drawn anew in the model's domain: noised to `t0`, denoised, `repeats` times."""
    levels, rng = model.schedule.path(below(t0, steps)), run.rng
    for _ in range(repeats):
        noised = levels[0].noised(x0, rng.randn_like(x0))
        x0 = last(run.watch(solve(model, noised, levels), len(levels) - 1, "bridging"))
    return x0
