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

FOLD = 4
EVEN = 0.15
Config = training(steps=9000, batch_size=64, lr=6e-4)


def velocity_loss(schedule: NoiseSchedule, fold: int = FOLD) -> Loss:
    """Mean squared error of v = alpha eps - sigma x0 at a random time (2202.00512, appendix D)."""
    alphas = torch.tensor([level.alpha for level in schedule.path(range(len(schedule)))])
    sigmas = torch.tensor([level.sigma for level in schedule.path(range(len(schedule)))])
    reached = emphasis(alphas, sigmas)

    def loss(net: nn.Module, batch: Batch, rng: torch.Generator) -> Tensor:
        x0 = F.pixel_unshuffle(batch["images"], fold)
        # One time from each of B equal shares: the mean varies less from step to step.
        within = torch.rand(len(x0), generator=rng, device=rng.device).cpu()
        shares = (torch.arange(len(x0)) + within) / len(x0)
        times = torch.searchsorted(reached, shares).clamp(max=len(reached) - 1).to(x0.device)
        eps = torch.randn(x0.shape, generator=rng, device=rng.device).to(x0.device)
        alpha, sigma = (table.to(x0.device)[times].view(-1, 1, 1, 1) for table in (alphas, sigmas))
        predicted = net(alpha * x0 + sigma * eps, times).sample
        return F.mse_loss(predicted.float(), alpha * eps - sigma * x0)

    return loss


def emphasis(alphas: Tensor, sigmas: Tensor) -> Tensor:
    """The share of training up to each time (T,), rising to 1.

    Most of it where noise is about as strong as the picture and shapes are decided: the logarithm
    of sigma / alpha is normal (2206.00364, section 5, with a mean of 0). The rest is even, since
    the linear schedule has a third of its times in nearly pure noise.
    """
    normal = torch.special.ndtr((sigmas / alphas).log() / 1.2)
    even = torch.linspace(1 / len(alphas), 1, len(alphas))
    return EVEN * even + (1 - EVEN) * normal / normal[-1]


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
