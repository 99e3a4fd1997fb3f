"""Pictures drawn from pure noise."""

from collections.abc import Sequence

import torch
from torch import Tensor

from overpaint.core.guidance import mapping_x0
from overpaint.core.rng import NoiseStream
from overpaint.core.schedule import below
from overpaint.core.solvers import dpmpp_2m, last, solve
from overpaint.core.watch import Watch, unwatched
from overpaint.models.bundle import DiffusionModel


def drawn(
    model: DiffusionModel,
    seeds: Sequence[int],
    steps: int = 50,
    *,
    batch_size: int = 16,
    watch: Watch = unwatched,
) -> Tensor:
    """`(N, 3, S, S)` in [-1, 1], one for each seed: DPM-Solver++ (2M), its x0 kept in range."""
    levels = model.schedule.path(below(len(model.schedule) - 1, steps))
    shape = model.codec.encode(torch.zeros(1, 3, model.size, model.size)).shape[1:]
    clamped, made = mapping_x0(model, lambda x0: x0.clamp(-1, 1)), []
    parts = [seeds[start : start + batch_size] for start in range(0, len(seeds), batch_size)]
    for few in watch(parts, len(parts), "drawing pictures"):
        noise = NoiseStream(few).randn((len(few), *shape), model.device)
        with torch.no_grad():
            x0 = last(solve(clamped, noise, levels, dpmpp_2m()))
            made.append(model.codec.decode(x0).clamp(-1, 1))
    return torch.cat(made)
