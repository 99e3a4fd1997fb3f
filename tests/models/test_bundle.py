"""A model's call: float32 outside, its own precision inside, and nothing but finite numbers."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from overpaint.core.schedule import CLEAN
from overpaint.errors import NumericsError
from overpaint.models.bundle import Calls, Unshuffle


class Spy(nn.Module):
    """Answers with what it is asked, and with a variance where `parts` is 2."""

    def __init__(self, parts=1):
        super().__init__()
        self.scale, self.parts, self.times = nn.Parameter(torch.ones(1)), parts, []

    def forward(self, x, times):
        self.times.append(times.tolist())
        return torch.cat([x * self.scale, *[torch.ones_like(x)] * (self.parts - 1)], dim=1)


def state():
    return torch.randn(2, 12, 8, 8, generator=torch.Generator().manual_seed(0))


def test_bfloat16_networks_keep_a_float32_state(model):
    level = model.schedule.at(300)
    exact, rough = (
        replace(model, dtype=dtype)(state(), level) for dtype in (torch.float32, torch.bfloat16)
    )
    assert rough.x0.dtype == rough.eps.dtype == torch.float32
    assert 0 < (rough.eps - exact.eps).abs().mean() < 0.02


def test_the_clean_state_is_asked_for_at_network_time_zero(model):
    spy = Spy()
    asked = replace(model, net=spy)(state(), CLEAN)
    assert spy.times == [[0.0, 0.0]]
    assert torch.equal(asked.x0, state())


def test_learned_variance_is_split_off(model):
    found = replace(model, net=Spy(parts=2))(state(), model.schedule.at(10))
    assert torch.equal(found.eps, state())
    assert torch.equal(found.variance, torch.ones_like(found.eps))


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_what_is_not_finite_is_an_error(model, bad):
    spy = Spy()
    nn.init.constant_(spy.scale, bad)
    for dtype, told in ((torch.float32, False), (torch.bfloat16, True)):
        with pytest.raises(NumericsError, match="returned NaN or infinity") as caught:
            replace(model, net=spy, dtype=dtype)(state(), model.schedule.at(10))
        assert caught.value.hint.startswith("Try --dtype float32") == told


def test_groups_of_rows_stand_each_at_a_level_of_their_own(model):
    levels = model.schedule.path([900, 500, -1])
    x = torch.cat([state(), state().flip(0), state() / 2])
    calls = Calls()
    found = replace(model, calls=calls).several(x, levels)
    alone = [model(part, level) for part, level in zip(x.chunk(3), levels, strict=True)]
    torch.testing.assert_close(found.eps, torch.cat([p.eps for p in alone]), rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(found.x0, torch.cat([p.x0 for p in alone]), rtol=1e-3, atol=1e-3)
    assert (calls.count, calls.rows) == (3, 6)


def test_the_variance_of_several_levels_is_that_of_their_rows(model):
    levels = model.schedule.path([900, 500])
    found = replace(model, net=Spy(parts=2)).several(torch.cat([state(), state()]), levels)
    assert torch.equal(found.variance, torch.ones_like(found.eps))


def test_calls_are_counted_where_asked(model):
    calls = Calls()
    counted = replace(model, calls=calls)
    counted(state(), model.schedule.at(1))
    counted(state(), model.schedule.at(2))
    model(state(), model.schedule.at(3))
    assert calls.count == 2


@pytest.mark.parametrize("factor", [1, 2, 4])
def test_the_codec_is_exact_and_takes_masks_along(factor):
    codec, images = Unshuffle(factor), torch.randn(2, 3, 16, 16)
    mask = (torch.rand(1, 1, 16, 16) > 0.5).float()
    assert torch.equal(codec.decode(codec.encode(images)), images)
    assert torch.equal(codec.encode(images) * codec.encode_mask(mask), codec.encode(images * mask))


def test_gradients_pass_through_a_bfloat16_network(model):
    x = state().requires_grad_()
    replace(model, dtype=torch.bfloat16)(x, model.schedule.at(300)).x0.sum().backward()
    assert torch.isfinite(x.grad).all()
    assert x.grad.abs().sum() > 0
