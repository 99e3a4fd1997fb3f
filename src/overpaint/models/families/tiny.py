"""A random network small enough for tests: everything but the picture is as with a real model."""

import torch

from overpaint.core.schedule import NoiseSchedule
from overpaint.models.bundle import DiffusionModel, Unshuffle
from overpaint.models.devices import placed
from overpaint.models.families.pixel import build

CONFIG = {
    "sample_size": 8,
    "in_channels": 12,
    "out_channels": 12,
    "block_out_channels": [8, 8],
    "down_block_types": ["DownBlock2D", "AttnDownBlock2D"],
    "up_block_types": ["AttnUpBlock2D", "UpBlock2D"],
    "layers_per_block": 1,
    "norm_num_groups": 4,
    "attention_head_dim": 8,
}


def tiny(seed: int = 0) -> DiffusionModel:
    """An untrained 16x16 pixel model, float32, the same for the same seed."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        net = build(CONFIG, device="cpu")
    return DiffusionModel(
        net=placed(net, "cpu"),
        schedule=NoiseSchedule.linear(),
        codec=Unshuffle(2),
        size=16,
        name="tiny",
        hash=f"tiny{seed:06d}",
    )
