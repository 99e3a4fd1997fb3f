"""The loss of a diffusion model that predicts v, most of it where pictures are decided."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from overpaint.core.schedule import NoiseSchedule

Ask = Callable[[Tensor, Tensor], Tensor]
"""Of noisy states `(B, C, h, w)` and times `(B,)`, what the network says of them."""
EVEN, SPREAD = 0.15, 1.2


def velocity(
    schedule: NoiseSchedule, centre: float = 0.0
) -> Callable[[Ask, Tensor, torch.Generator], Tensor]:
    """Mean squared error of v = alpha eps - sigma x0 at a random time (2202.00512, appendix D).

    centre: the logarithm of sigma / alpha where most of it is.
    """
    alphas = torch.tensor([level.alpha for level in schedule.path(range(len(schedule)))])
    sigmas = torch.tensor([level.sigma for level in schedule.path(range(len(schedule)))])
    reached = emphasis(alphas, sigmas, centre)

    def error(ask: Ask, x0: Tensor, rng: torch.Generator) -> Tensor:
        # One time from each of B equal shares: the mean varies less from step to step.
        within = torch.rand(len(x0), generator=rng, device=rng.device).cpu()
        shares = (torch.arange(len(x0)) + within) / len(x0)
        times = torch.searchsorted(reached, shares).clamp(max=len(reached) - 1).to(x0.device)
        eps = torch.randn(x0.shape, generator=rng, device=rng.device).to(x0.device)
        alpha, sigma = (table.to(x0.device)[times].view(-1, 1, 1, 1) for table in (alphas, sigmas))
        predicted = ask(alpha * x0 + sigma * eps, times)
        return F.mse_loss(predicted.float(), alpha * eps - sigma * x0)

    return error


def emphasis(alphas: Tensor, sigmas: Tensor, centre: float = 0.0) -> Tensor:
    """The share of training up to each time (T,), rising to 1.

    The logarithm of sigma / alpha is normal (2206.00364, section 5): around 0 noise is as strong
    as the picture, and shapes are decided. The rest is even, since the linear schedule has a
    third of its times in nearly pure noise.
    """
    normal = torch.special.ndtr(((sigmas / alphas).log() - centre) / SPREAD)
    even = torch.linspace(1 / len(alphas), 1, len(alphas))
    return EVEN * even + (1 - EVEN) * normal / normal[-1]
