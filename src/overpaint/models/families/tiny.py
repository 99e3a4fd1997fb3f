"""Random networks small enough for tests: everything but the picture is as with a real model."""

from pathlib import Path
from typing import Any

import torch
from diffusers import UNet2DConditionModel
from tokenizers import Tokenizer
from transformers import CLIPTextConfig, CLIPTextModel

from overpaint.core.schedule import NoiseSchedule
from overpaint.models.autoencoders import latents
from overpaint.models.bundle import DiffusionModel, Unshuffle, by_text
from overpaint.models.devices import placed
from overpaint.models.families.unet import network
from overpaint.models.reading import ClipReader

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
READING: dict[str, Any] = {
    "sample_size": 8,
    "block_out_channels": [8, 16],
    "down_block_types": ["CrossAttnDownBlock2D", "CrossAttnDownBlock2D"],
    "up_block_types": ["CrossAttnUpBlock2D", "CrossAttnUpBlock2D"],
    "layers_per_block": 1,
    "norm_num_groups": 4,
    "attention_head_dim": 2,
    "cross_attention_dim": 16,
}
TEXT: dict[str, Any] = {
    "hidden_size": 16,
    "intermediate_size": 32,
    "num_attention_heads": 2,
    "num_hidden_layers": 1,
    "max_position_embeddings": 32,
    "bos_token_id": 0,
    "eos_token_id": 1,
}
WORDS = Path(__file__).parents[2] / "weights/clip/tokenizer.json"


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


def tiny_text(seed: int = 0) -> DiffusionModel:
    """An untrained model of 16x16 pictures that reads texts as the embedded CLIP does."""
    words = Tokenizer.from_file(str(WORDS))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        net: Any = UNet2DConditionModel(**READING)
        codec = latents(AUTOENCODER, device="cpu")
        reader = CLIPTextModel(CLIPTextConfig(vocab_size=words.get_vocab_size(), **TEXT))
    for each in (codec.net, reader):
        placed(each, "cpu")
    return DiffusionModel(
        net=placed(net, "cpu"),
        schedule=NoiseSchedule.scaled_linear(),
        codec=codec,
        size=16,
        name="tiny-text",
        hash=f"tint{seed:06d}",
        text=ClipReader(words, reader, TEXT["max_position_embeddings"], TEXT["eos_token_id"]),
        ask=by_text,
    )
