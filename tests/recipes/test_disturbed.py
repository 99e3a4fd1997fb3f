"""Disturbances: against the loss, never further than said, and nothing left behind."""

import torch
from torch import nn

from overpaint.recipes.disturbed import disturbed

RADIUS = 2.0


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def disturb(images, net, seed=1):
    return disturbed(images, lambda x: net(x.flatten(1)).square().sum(), rng(seed), RADIUS)


def test_disturbed_pictures_are_worse_and_near():
    images, net = torch.randn(8, 3, 8, 8, generator=rng()), nn.Linear(192, 4)
    moved = disturb(images, net)
    away = (moved - images).flatten(1).norm(dim=1)
    noise = (RADIUS * torch.nn.functional.normalize(torch.randn(8, 192, generator=rng(2)))).view_as(
        images
    )

    def loss(x):
        return float(net(x.flatten(1)).square().sum().detach())

    assert loss(moved) > loss(images)
    assert loss(moved) > loss(images + noise)
    assert float(away.max()) <= 1.5 * RADIUS + 1e-4
    assert float(away.max() - away.min()) > 0.2  # each by a length of its own


def test_disturbing_leaves_no_gradient_and_repeats():
    images, net = torch.randn(2, 3, 8, 8, generator=rng()), nn.Linear(192, 4)
    moved = disturb(images, net)
    assert not moved.requires_grad
    assert all(weight.grad is None for weight in net.parameters())
    assert torch.equal(moved, disturb(images, net))
    assert not torch.equal(moved, disturb(images, net, seed=2))
