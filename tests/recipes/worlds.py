"""A few random pictures with labels, and networks small enough to train in a test."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from transformers import ResNetConfig

from overpaint.models.families.pixel import build
from overpaint.models.families.tiny import CONFIG
from overpaint.portraits import dataset
from overpaint.portraits.dataset import Portraits
from overpaint.portraits.labels import label_row
from overpaint.portraits.scene import STYLES, Scene, sample_scene
from overpaint.recipes.training import Training

from ..folders import RESNET


def portraits(count: int = 8) -> Portraits:
    """Noise instead of pictures, with the labels of random scenes."""
    rng = np.random.default_rng(0)
    return _labelled([sample_scene(rng, style=str(rng.choice(STYLES))) for _ in range(count)])


def pairs_of_edits(count: int = 8) -> Portraits:
    """Noise instead of pictures, with the labels of scenes and their edits."""
    return _labelled(dataset.scenes("edits", 0, 0)[:count])


def _labelled(scenes: list[Scene], size: int = 64) -> Portraits:
    rng = np.random.default_rng(1)
    pictures = rng.integers(0, 256, (len(scenes), size, size, 3), dtype=np.uint8)
    return Portraits(pictures, np.stack([label_row(scene) for scene in scenes]))


def rendered(
    config: Training, sampler: str, watch: object, held_out: int = 0, *, size: int = 64
) -> Portraits:
    """In the place of `training.rendered`."""
    if sampler == "restyled":
        return _labelled(dataset.scenes("restyled", 0, 0)[:8], size)
    world = pairs_of_edits if sampler == "edits" else portraits
    return world(min(held_out or config.pictures, 8))


def small_resnet(**labels: Any) -> ResNetConfig:
    """In the place of the towers' configuration."""
    return ResNetConfig(**{**RESNET, **labels})


def small_unet(fold: int = 4) -> nn.Module:
    """In the place of the pixel model's network: 64 x 64 pictures, `fold` x `fold` unshuffled."""
    channels = 3 * fold**2
    size = {"sample_size": 64 // fold, "in_channels": channels, "out_channels": channels}
    return build({**CONFIG, **size}, device="cpu")


def quick(config: type, folder: Path, **more: Any) -> Any:
    """Options that end at once."""
    few = {"steps": 2, "batch_size": 2, "pictures": 8, "device": "cpu", "cache": str(folder)}
    return config(**{**few, **more})


def one_thread() -> None:
    """Small tensors are slower on many threads."""
    torch.set_num_threads(1)
