"""Random networks small enough for tests: everything but the picture is as with a real model."""

import torch

from overpaint.core.schedule import NoiseSchedule
from overpaint.models.autoencoders import latents
from overpaint.models.bundle import DiffusionModel, Unshuffle
from overpaint.models.devices import placed
from overpaint.models.families.unet import network

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

AUTOENCODER = {
    "_class_name": "AutoencoderKL",
    "block_out_channels": [8, 8],
    "down_block_types": ["DownEncoderBlock2D"] * 2,
    "up_block_types": ["UpDecoderBlock2D"] * 2,
    "latent_channels": 4,
    "norm_num_groups": 4,
    "sample_size": 16,
    "scaling_factor": 2.0,
}


def tiny(seed: int = 0) -> DiffusionModel:
    """An untrained 16x16 pixel model, float32, the same for the same seed."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        net = network(CONFIG, device="cpu")
    return DiffusionModel(
        net=placed(net, "cpu"),
        schedule=NoiseSchedule.linear(),
        codec=Unshuffle(2),
        size=16,
        name="tiny",
        hash=f"tiny{seed:06d}",
    )


def tiny_latent(seed: int = 0) -> DiffusionModel:
    """An untrained model of 16x16 pictures in 4 x 8 x 8 latents, float32, the same for a seed."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        net = network({**CONFIG, "in_channels": 4, "out_channels": 4}, device="cpu")
        codec = latents(AUTOENCODER, device="cpu")
    placed(codec.net, "cpu")
    return DiffusionModel(
        net=placed(net, "cpu"),
        schedule=NoiseSchedule.scaled_linear(),
        codec=codec,
        size=16,
        name="tiny-latent",
        hash=f"tinl{seed:06d}",
    )
