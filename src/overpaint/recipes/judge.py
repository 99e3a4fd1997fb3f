"""The judge: reads attributes and style from a picture; used to evaluate edits, never to guide."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from overpaint.core.watch import Watch
from overpaint.models.augment import Views
from overpaint.models.networks import attribute_judge, write_network
from overpaint.portraits.labels import LABELS
from overpaint.portraits.scene import VALUES
from overpaint.recipes.fit import Batch
from overpaint.recipes.losses import attribute_loss
from overpaint.recipes.training import picked, rendered, trained, training

Config = training(steps=2600, batch_size=96, lr=1.5e-3)
VIEWS = Views(scale=0.10, turn=0.08, shift=0.06, bend=0.05, noise=0.2, blur=2.0)


def reading_loss(net: nn.Module, batch: Batch, rng: torch.Generator) -> Tensor:
    """Attribute loss on slightly warped, blurred and noisy pictures."""
    out = net(pixel_values=VIEWS(batch["images"], rng))
    return attribute_loss(out.logits, batch["labels"])


def run(folder: Path, config: Any, watch: Watch) -> Mapping[str, Any]:
    """Train; leaves a transformers folder whose labels are "attribute=value", and its card."""
    data = rendered(config, "edits", watch)
    torch.manual_seed(config.seed)
    net = attribute_judge([f"{name}={value}" for name in LABELS for value in VALUES[name]])
    batch = picked(data, config)
    done = trained(net, reading_loss, batch, config, folder=folder, watch=watch, recipe="judge")
    if done is None:
        return {"recipe": "judge", "finished": False}
    write_network(net, folder, done.weights, done.card)
    return done.card
