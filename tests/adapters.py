"""Random adapters, made and written by peft as training makes and writes them."""

from pathlib import Path
from typing import Any

import torch
from torch import nn

from overpaint.models.bundle import DiffusionModel
from overpaint.models.tuning import low_rank, write_tuned


def random_factors(model: DiffusionModel, seed: int = 0, rank: int = 2) -> nn.Module:
    """The network of `model` under peft, changed visibly."""
    net, rng = low_rank(model, rank, seed), torch.Generator().manual_seed(seed)
    for name, factor in net.named_parameters():
        if "lora_B" in name:
            nn.init.normal_(factor, std=0.5, generator=rng)
    return net


def write_random(model: DiffusionModel, folder: Path, seed: int = 0, **card: Any) -> Path:
    """A random adapter of `model` in `folder`."""
    write_tuned(random_factors(model, seed), folder, card)
    return folder
