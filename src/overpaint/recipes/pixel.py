"""The embedded diffusion model: DDPM on rendered photos, unconditional (arXiv 2006.11239).

The network predicts v (2202.00512): trained to predict noise, one of this size left grain in its
samples, since near pure noise a small error of the noise is a large one of the picture.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from overpaint.core.schedule import NoiseSchedule
from overpaint.core.watch import Watch
from overpaint.methods.bridging import limit_of_familiar
from overpaint.models.networks import pixel_unet, write_card, write_network, write_scheduler
from overpaint.models.zoo import load
from overpaint.recipes.fit import Batch, Loss
from overpaint.recipes.training import images, picked, rendered, trained, training
from overpaint.recipes.velocity import velocity

FOLD = 4
Config = training(steps=9000, batch_size=64, lr=6e-4)


def velocity_loss(schedule: NoiseSchedule, fold: int = FOLD) -> Loss:
    """The error of v, for pictures whose `fold` x `fold` squares lie in the channels."""
    error = velocity(schedule)

    def loss(net: nn.Module, batch: Batch, rng: torch.Generator) -> Tensor:
        x0 = F.pixel_unshuffle(batch["images"], fold)
        return error(lambda x, times: net(x, times).sample, x0, rng)

    return loss


def run(folder: Path, config: Any, watch: Watch) -> Mapping[str, Any]:
    """Train; leaves a diffusers folder (unet, scheduler) and its card."""
    data = rendered(config, "photos", watch)
    torch.manual_seed(config.seed)
    net = pixel_unet(fold=FOLD)
    done = trained(
        net,
        velocity_loss(NoiseSchedule.linear()),
        picked(data, config),
        config,
        folder=folder,
        watch=watch,
        recipe="pixel",
    )
    if done is None:
        return {"recipe": "pixel", "finished": False}
    card = {**done.card, "name": "portraits", "size": 64, "domain": "photo"}
    write_network(net, folder / "unet", done.weights, None)
    write_scheduler(folder / "scheduler", "v_prediction")
    write_card(folder, card)
    familiar = images(rendered(config, "photos", watch, held_out=200).pictures)
    limit = limit_of_familiar(load(folder, config.device), familiar)
    write_card(folder, card := {**card, "strangeness_limit": round(limit, 5)})
    return card
