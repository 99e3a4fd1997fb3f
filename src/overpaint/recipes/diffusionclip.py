"""Tune a diffusion model to a text (arXiv 2110.02711)."""

import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from overpaint.core.schedule import Level, below
from overpaint.core.solvers import last, solve
from overpaint.core.watch import Watch, unwatched
from overpaint.methods.options import opt, parse_fields
from overpaint.models.bundle import DiffusionModel
from overpaint.models.networks import hardware
from overpaint.models.tuning import convolving, low_rank, truncated, whole, write_tuned
from overpaint.portraits import dataset
from overpaint.portraits.render import render
from overpaint.recipes.drawing import drawn
from overpaint.recipes.fit import Batch, Figures, FitConfig, fit, numpy_rng
from overpaint.recipes.latents import inverted
from overpaint.recipes.objective import Aims, Objective, objective
from overpaint.recipes.training import images

SOURCE = "a person"
DRAWING = 40  # network calls of a picture that the model draws itself, to learn from


@dataclass(frozen=True)
class Config(Aims):
    """How a model is tuned to a text."""

    t0: float = opt(250.0, "time to which pictures are noised", 1, 999)
    iterations: int = opt(130, "optimiser steps", 1, 100_000)
    batch_size: int = opt(8, "pictures a step", 1, 1024)
    pictures: int = opt(64, "pictures to learn from", 1, 100_000)
    num_inversion_steps: int = opt(20, "network calls from a picture to noise", 1, 1000)
    num_inference_steps: int = opt(1, "network calls of the chain that is trained", 1, 1000)
    lr: float = opt(1e-3, "peak learning rate of Adam", 0, 1)
    rank: int = opt(16, "of the low-rank adapter", 1, 512)
    learn: str = opt(
        "truncated",
        "convolutions, then truncated to the rank; its factors; or all weights",
        choices=("truncated", "factors", "all"),
    )
    seed: int = opt(0, "of weights, pictures, order and views", 0)


def tune(
    model: DiffusionModel,
    prompt: str,
    source_prompt: str = "",
    *,
    folder: Path,
    watch: Watch = unwatched,
    **options: Any,
) -> Path:
    """Write to `folder` the adapter that makes `model` draw what `prompt` says."""
    config = parse_fields(Config, options, "Tuning")
    source_prompt = source_prompt or SOURCE
    began = time.monotonic()
    wanted = objective(
        config,
        prompt,
        source_prompt,
        size=model.size,
        device=model.device,
        dtype=model.dtype,
    )
    pictures = material(model, config, watch)
    up = model.schedule.path(below(config.t0, config.num_inversion_steps))
    latents = inverted(model, model.codec.encode(pictures), up, watch=watch)
    net = learning(model, config)
    wanted, chain = wanted.over(pictures), Chain.of(model, config)
    figures = descend(net, chain, wanted, config, pictures, latents, watch)
    card = {
        "prompt": prompt,
        "source_prompt": source_prompt,
        "base": model.hash,
        "base_name": model.name,
        **asdict(config),
        **wanted.described(),
        "seconds": round(time.monotonic() - began, 1),
        "hardware": hardware(),
        "losses": {name: round(value, 4) for name, value in figures.items()},
    }
    if config.learn == "truncated":
        net, card["kept"] = truncated(model, net, config.rank)
    write_tuned(net, folder, card)
    return folder


def learning(model: DiffusionModel, config: Config) -> nn.Module:
    """The copy of the network that is tuned."""
    if config.learn == "factors":
        return low_rank(model, config.rank, config.seed)
    return whole(model) if config.learn == "all" else convolving(model)


@dataclass(frozen=True)
class Chain:
    """The generation that is tuned: a DDIM step or a few from the inverted state to the picture."""

    model: DiffusionModel
    levels: list[Level]

    @classmethod
    def of(cls, model: DiffusionModel, config: Config) -> "Chain":
        """The closed grid below t0 that `config` names."""
        times = below(config.t0, config.num_inference_steps)
        return cls(model, model.schedule.path(times))

    def __call__(self, net: nn.Module, latents: Tensor) -> Tensor:
        """Pictures `(B, 3, H, W)` in [-1, 1] from latents `(B, ...)`, with gradients to `net`."""
        tuned = replace(self.model, net=net)
        return self.model.codec.decode(last(solve(tuned, latents, self.levels)))


def descend(
    net: nn.Module,
    chain: Chain,
    wanted: Objective,
    config: Config,
    pictures: Tensor,
    latents: Tensor,
    watch: Watch = unwatched,
) -> Figures:
    """Train `net` in place; returns the mean of each loss over the last quarter."""

    def batch(step: int) -> Batch:
        order = numpy_rng(config.seed, step).permutation(len(pictures))[: config.batch_size]
        index = torch.from_numpy(order)
        return {"pictures": pictures[index], "latents": latents[index]}

    def loss(net: nn.Module, batch: Batch, rng: torch.Generator) -> tuple[Tensor, Figures]:
        return wanted(batch["pictures"], chain(net, batch["latents"]), rng)

    fitting = FitConfig(
        steps=config.iterations,
        lr=config.lr,
        warmup=min(10, config.iterations // 4),
        weight_decay=0.0,
        ema=0.0,
        seed=config.seed,
    )
    steps = watch(fit(net, loss, batch, fitting), config.iterations, "tuning")
    tail = [progress.figures for progress in steps][-max(1, config.iterations // 4) :]
    return {name: sum(one[name] for one in tail) / len(tail) for name in tail[0]}


def material(model: DiffusionModel, config: Config, watch: Watch = unwatched) -> Tensor:
    """Pictures `(N, 3, S, S)` in [-1, 1] to learn the change on: rendered, or the model's own."""
    if model.card.get("domain") == "photo":
        scenes = dataset.scenes("photos", 1000 + config.seed, 0)[: config.pictures]
        return images(np.stack([render(scene, model.size) for scene in scenes])).to(model.device)
    seeds = range(config.seed, config.seed + config.pictures)
    return drawn(model, seeds, DRAWING, watch=watch)
