"""Tiny random networks in the folder formats of diffusers and transformers."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from diffusers import AutoencoderKL, DDIMScheduler, UNet2DModel, VQModel
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import (
    CLIPConfig,
    CLIPModel,
    ResNetConfig,
    ResNetForImageClassification,
    ResNetModel,
    ViTConfig,
    ViTModel,
)

UNET = {
    "sample_size": 8,
    "in_channels": 3,
    "out_channels": 3,
    "block_out_channels": (8, 8),
    "down_block_types": ("DownBlock2D", "AttnDownBlock2D"),
    "up_block_types": ("AttnUpBlock2D", "UpBlock2D"),
    "layers_per_block": 1,
    "norm_num_groups": 4,
}
CODEC = {
    "block_out_channels": (8, 8, 8),
    "down_block_types": ("DownEncoderBlock2D",) * 3,
    "up_block_types": ("UpDecoderBlock2D",) * 3,
    "latent_channels": 3,
    "norm_num_groups": 4,
    "sample_size": 32,
}
RESNET = {"embedding_size": 8, "hidden_sizes": [8, 16], "depths": [1, 1], "layer_type": "basic"}


def write_clip(folder: Path, *, context: int = 12, seed: int = 0) -> Path:
    """A CLIP of 16 x 16 pictures with a byte-level tokenizer of single bytes."""
    tokens = ["<|startoftext|>", "<|endoftext|>", *sorted(pre_tokenizers.ByteLevel.alphabet())]
    tokenizer = Tokenizer(models.BPE({token: i for i, token in enumerate(tokens)}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    shared = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1}
    shared |= {"num_attention_heads": 2, "projection_dim": 8}
    text = {**shared, "vocab_size": len(tokens), "max_position_embeddings": context}
    text |= {"bos_token_id": 0, "eos_token_id": 1, "pad_token_id": 1}
    vision = {**shared, "image_size": 16, "patch_size": 8}
    config = CLIPConfig(text_config=text, vision_config=vision, projection_dim=8)
    with seeded(seed):
        CLIPModel(config).save_pretrained(folder)
    tokenizer.save(str(folder / "tokenizer.json"))
    return folder


def write_latent(folder: Path, kind: str = "vqvae", **config: object) -> Path:
    """A latent model of 32 x 32 pictures, as diffusers saves its LDMPipeline; `vqvae` or `vae`."""
    with seeded():
        UNet2DModel(**UNET).save_pretrained(folder / "unet")
        make = {"vqvae": VQModel, "vae": AutoencoderKL}[kind]
        make(**{**CODEC, **config}).save_pretrained(folder / kind)
    DDIMScheduler(
        beta_start=0.0015, beta_end=0.0195, beta_schedule="scaled_linear"
    ).save_pretrained(folder / "scheduler")
    (folder / "model_index.json").write_text(json.dumps({"_class_name": "LDMPipeline"}))
    return folder


def write_identity(folder: Path) -> Path:
    """A face encoder of 32 x 32 pictures."""
    with seeded():
        ResNetModel(ResNetConfig(**RESNET)).save_pretrained(folder)
    (folder / "card.json").write_text(json.dumps({"size": 32}))
    return folder


def write_dino(folder: Path) -> Path:
    """A vision transformer of 32 x 32 pictures in places of 8 x 8."""
    shared = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 3}
    config = ViTConfig(**shared, num_attention_heads=2, image_size=32, patch_size=8)
    with seeded():
        ViTModel(config, add_pooling_layer=False).save_pretrained(folder)
    return folder


def write_judge(folder: Path, names: list[str]) -> Path:
    """A classifier whose outputs are called `names`."""
    labels = dict(enumerate(names))
    with seeded():
        net = ResNetForImageClassification(ResNetConfig(**RESNET, id2label=labels))
    net.save_pretrained(folder)
    return folder


def write_hub(folder: Path, name: str, cache: Path) -> None:
    """Put a folder into a cache of the hub, as a snapshot of links into blobs."""
    repository = cache / f"models--{name.replace('/', '--')}"
    snapshot = repository / "snapshots/0123456789abcdef0123456789abcdef01234567"
    (repository / "blobs").mkdir(parents=True)
    (repository / "refs").mkdir()
    (repository / "refs/main").write_text(snapshot.name)
    for number, file in enumerate(p for p in folder.rglob("*") if p.is_file()):
        blob = repository / f"blobs/{number}"
        blob.write_bytes(file.read_bytes())
        link = snapshot / file.relative_to(folder)
        link.parent.mkdir(parents=True, exist_ok=True)
        os.symlink(os.path.relpath(blob, link.parent), link)


@contextmanager
def seeded(seed: int = 0) -> Iterator[None]:
    """The same random weights each time; the global generator is put back."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield
