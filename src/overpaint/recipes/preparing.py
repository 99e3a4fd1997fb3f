"""From a manner of tuning to its descent: inverted pictures, a chain, gradients, portions."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from overpaint.core.schedule import Level
from overpaint.core.watch import Watch, unwatched
from overpaint.methods.walking import grids
from overpaint.models.bundle import DiffusionModel
from overpaint.models.portions import Portions, fitting
from overpaint.recipes import manner as manners
from overpaint.recipes.chain import Chain
from overpaint.recipes.descent import Descent
from overpaint.recipes.fit import Batch, BatchFn, numpy_rng
from overpaint.recipes.gradients import Aim, Told, Walk, by_move, through
from overpaint.recipes.latents import inverted
from overpaint.recipes.manner import Manner
from overpaint.recipes.stopping import Stopping
from overpaint.recipes.strips import SHOWN, Strips


def prepared(
    model: DiffusionModel,
    net: nn.Module,
    aim: Aim,
    pictures: Tensor,
    manner: Manner,
    about: dict[str, Any],
    *,
    strips: Path | None = None,
    watch: Watch = unwatched,
) -> Descent:
    """What tunes `net`, a copy of the model's, on `pictures` `(N, 3, S, S)` in [-1, 1]."""
    counts = (manner.num_inversion_steps, manner.num_inference_steps)
    up, down = grids(model.schedule, manner.t0, counts, grid=manner.grid)
    latents = inverted(model, model.codec.encode(pictures), up, watch=watch)
    chain = chained(model, net, down, latents, manner)
    batch = batches(manner, pictures, latents, len(chain.moves))
    module, loss = descended(chain, net, aim, latents[: manner.batch_size], manner)
    few = latents[:SHOWN]
    return Descent(
        module=module,
        loss=loss,
        batch=batch,
        config=manners.fitting(manner, len(pictures), len(chain.moves)),
        about=about,
        portions=chain.portions,
        stopping=Stopping(manner.patience, manner.likeness_floor),
        strips=None
        if strips is None
        else Strips(strips, manner.strip_every, pictures[:SHOWN], lambda: chain(net, few)),
    )


def chained(
    model: DiffusionModel, net: nn.Module, levels: Sequence[Level], latents: Tensor, manner: Manner
) -> Chain:
    """The chain down `levels`, in portions as large as asked for, or as fit the free memory."""
    full = manner.gradient == "full" or (manner.gradient == "auto" and len(levels) == 2)
    remade = not full and not manner.step_each  # a single step has nothing to be made anew
    chain = Chain(model, levels, remade, manner.last_steps)
    whole = min(manner.batch_size, len(latents))
    if manner.micro_batch:
        return replace(chain, portions=Portions(whole, min(manner.micro_batch, whole)))
    plain = replace(chain, checkpointed=False)

    def one() -> object:
        return plain.move(net, latents[:1], *chain.moves[0])

    calls = len(chain.moves) if full else 1
    return replace(chain, portions=fitting(one, whole, latents.device, calls))


def descended(
    chain: Chain, net: nn.Module, aim: Aim, latents: Tensor, manner: Manner
) -> tuple[nn.Module, Told]:
    """What `fit` trains and by which loss; `latents` are as many as a batch has."""
    if manner.gradient != "per-step":
        return net, through(chain, aim)
    if not manner.step_each:
        return net, by_move(chain, aim)
    walk = Walk(chain, aim)
    return walk.module(net, latents), walk


def batches(manner: Manner, pictures: Tensor, latents: Tensor, moves: int) -> BatchFn:
    """Random pictures for each iteration; the same for all moves where each is one."""
    times = moves if manner.step_each else 1

    def batch(step: int) -> Batch:
        order = numpy_rng(manner.seed, step // times).permutation(len(pictures))
        index = torch.from_numpy(order[: manner.batch_size])
        move = torch.tensor(step % times)
        return {"pictures": pictures[index], "latents": latents[index], "move": move}

    return batch
