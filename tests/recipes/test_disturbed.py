"""Disturbances: against the loss, as strong as said, and nothing left behind."""

import torch
from torch import nn

from overpaint.recipes.disturbed import FAINT, SEEN, SIDES, disturbed

MARRED = torch.arange(32) % 2 == 0


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def worse(net):
    return lambda x: net(x.flatten(1)).square().sum()


def disturb(images, net, seed=1):
    return disturbed(images, MARRED, worse(net), rng(seed))


def test_the_sound_get_a_little_noise_by_lengths_of_their_own():
    images, net = torch.randn(32, 3, 16, 16, generator=rng()), nn.Linear(768, 4)
    away = (disturb(images, net) - images).square().mean((1, 2, 3)).sqrt()[~MARRED]
    assert float(away.max()) <= FAINT + 1e-4 < SEEN[0]
    assert float(away.max() - away.min()) > 0.2 * FAINT


def test_flaws_are_grids_blots_or_ringing():
    flat, net = torch.full((32, 3, 16, 16), 0.3), nn.Linear(768, 4)
    tiles, kinds = set(), []
    for seed in range(8):
        added = disturb(flat, net, seed)[MARRED] - 0.3
        there = added.flatten(1).std(1) > 1e-2  # filters leave alone what is flat
        period = [
            next((p for p in SIDES if torch.equal(one[..., p:], one[..., :-p])), 0) for one in added
        ]
        grids = added[torch.tensor([p > 0 for p in period]) & there]
        tiles |= {p for p, seen in zip(period, there, strict=True) if p and seen}
        kinds.append((len(grids), int(there.sum()) - len(grids), int((~there).sum())))
        strength = grids.square().mean((1, 2, 3)).sqrt()
        assert len(grids) == 0 or SEEN[0] - 0.02 <= float(strength.min())
        assert len(grids) == 0 or float(strength.max()) <= SEEN[1] + 1e-3
        assert float(grids.mean((2, 3)).abs().sum()) < 1e-4  # no tint
    assert tiles == set(SIDES)
    assert all(20 < sum(of) < 80 for of in zip(*kinds, strict=True))  # of 128


def test_what_is_laid_over_goes_against_the_loss():
    images, net = torch.randn(32, 3, 16, 16, generator=rng()), nn.Linear(768, 4)
    before = net(images.flatten(1)).square().sum(1)
    after = net(disturb(images, net).flatten(1)).square().sum(1)
    assert float((after > before).float().mean()) > 0.9


def test_disturbing_leaves_no_gradient_and_repeats():
    images, net = torch.randn(32, 3, 16, 16, generator=rng()), nn.Linear(768, 4)
    moved = disturb(images, net)
    assert not moved.requires_grad
    assert all(weight.grad is None for weight in net.parameters())
    assert torch.equal(moved, disturb(images, net))
    assert not torch.equal(moved, disturb(images, net, seed=2))
