"""Pictures disturbed against a network, which learns to see through it."""

from collections.abc import Callable

import torch
from torch import Tensor


def disturbed(
    images: Tensor, loss: Callable[[Tensor], Tensor], rng: torch.Generator, radius: float
) -> Tensor:
    """`images` `(B, 3, H, W)`, each moved to where `loss` is larger: shares no graph with it.

    One step along the gradient from a place nearby (arXiv 2001.03994), in the Euclidean norm and
    each picture by a length of its own, at most `radius`: so none can be learnt to be safe. A
    network trained on such pictures has gradients that show shapes (1906.00945).
    """
    length = radius * _rand(images, rng)
    nearby = images.detach() + 0.5 * length * _unit(_randn(images, rng))
    nearby.requires_grad_()
    (slope,) = torch.autograd.grad(loss(nearby), nearby)
    return (nearby + length * _unit(slope)).detach()


def _unit(x: Tensor) -> Tensor:
    return x / x.flatten(1).norm(dim=1).clamp(min=1e-12).view(-1, 1, 1, 1)


def _rand(like: Tensor, rng: torch.Generator) -> Tensor:
    return torch.rand(len(like), 1, 1, 1, generator=rng, device=rng.device).to(like)


def _randn(like: Tensor, rng: torch.Generator) -> Tensor:
    return torch.randn(like.shape, generator=rng, device=rng.device).to(like)
