"""Texts in white coordinates: what they are, and that a network is the same before and after."""

import torch

from overpaint.models.networks import latent_unet
from overpaint.recipes.whitening import LEAST, Whitening

GENERATOR = torch.Generator().manual_seed(0)
MIXED = torch.randn(160, 160, generator=GENERATOR)
STATES = torch.randn(4000, 160, generator=GENERATOR) @ MIXED + 5


def test_white_states_vary_alike_in_all_directions():
    white = Whitening.of(STATES)(STATES)
    assert white.mean(0).abs().max() < 1e-3
    values = torch.linalg.eigvalsh(white.mT @ white / len(white))
    least = torch.linalg.eigvalsh(STATES.T.cov())[0]
    assert values.max() < 1.001
    assert values.min() > 0.9 * least / (least + LEAST)


def test_a_direction_of_little_variance_is_left_small():
    flat = STATES.clone()
    flat[:, 0] = 1e-4 * torch.randn(4000, generator=GENERATOR)
    assert Whitening.of(flat)(flat).isfinite().all()
    values = torch.linalg.eigvalsh(Whitening.of(flat)(flat).T.cov())
    assert values[0] < 1e-3


def said(net, states):
    torch.manual_seed(1)
    x = torch.randn(2, 4, 16, 16)
    with torch.no_grad():
        return net(x, torch.tensor([10, 600]), encoder_hidden_states=states).sample


def test_a_network_says_the_same_of_plain_and_of_white_states():
    white, net, states = Whitening.of(STATES), latent_unet(), STATES[:16].view(2, 8, 160)
    before, plain = said(net, states), {k: v.clone() for k, v in net.state_dict().items()}
    white.enter(net)
    assert torch.allclose(said(net, white(states)), before, atol=1e-4)
    assert not torch.allclose(said(net, states), before, atol=1e-2)
    again = white.folded(net.state_dict())
    assert all(torch.allclose(again[name], plain[name], atol=1e-3) for name in plain)
    net.load_state_dict(again)
    assert torch.allclose(said(net, states), before, atol=1e-4)
