"""The face encoder: one face under other pose, light and attributes stays itself."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from overpaint.core.watch import Watch
from overpaint.models.augment import Views
from overpaint.models.networks import face_encoder, write_network
from overpaint.portraits.dataset import Portraits
from overpaint.recipes.fit import Batch, BatchFn, numpy_rng
from overpaint.recipes.training import images, rendered, trained, training

Config = training(steps=1500, batch_size=64, pictures=6000, lr=1.5e-3)
VIEWS = Views(scale=0.08, turn=0.06, shift=0.06, bend=0.04, noise=0.08, blur=0.8)
TEMPERATURE = 0.1


def pairs(data: Portraits, config: Any) -> BatchFn:
    """Batches of `batch_size` faces, each shown twice: rows 2i and 2i + 1 are one person."""

    def batch(step: int) -> dict[str, Tensor]:
        rng = numpy_rng(config.seed, step)
        faces = rng.choice(len(data) // 2, size=config.batch_size, replace=False)
        index = np.stack([2 * faces, 2 * faces + 1], axis=1).ravel()
        return {"images": images(data.pictures[index])}

    return batch


def twin_loss(net: nn.Module, batch: Batch, rng: torch.Generator) -> Tensor:
    """InfoNCE over pairs (arXiv 1807.03748): each picture finds its twin among all others."""
    pooled = net(pixel_values=VIEWS(batch["images"], rng)).pooler_output.flatten(1)
    found = F.normalize(pooled.float(), dim=1)
    similar = found @ found.T / TEMPERATURE
    similar = similar.masked_fill(torch.eye(len(found), device=found.device) > 0, -1e4)
    twin = torch.arange(len(found), device=found.device) ^ 1
    return F.cross_entropy(similar, twin)


def run(folder: Path, config: Any, watch: Watch) -> Mapping[str, Any]:
    """Train; leaves a transformers folder and its card."""
    data = rendered(config, "twins", watch)
    torch.manual_seed(config.seed)
    net = face_encoder()
    batch = pairs(data, config)
    done = trained(net, twin_loss, batch, config, folder=folder, watch=watch, recipe="identity")
    if done is None:
        return {"recipe": "identity", "finished": False}
    write_network(net, folder, done.weights, {**done.card, "size": 64})
    return {**done.card, "size": 64}
