"""Five ways of saying the same thing, and what none of them can say."""

import math

import pytest
import torch

from overpaint.core.prediction import (
    PREDICTIONS,
    from_eps,
    from_x0,
    split_variance,
)
from overpaint.core.schedule import CLEAN, Level, NoiseSchedule
from overpaint.errors import OptionError

LEVEL = NoiseSchedule.linear().at(400)
NOISE = Level(999.0, 0.0, 1.0)


@pytest.fixture
def pair():
    return torch.randn(2, 2, 3, 4, 4, generator=torch.Generator().manual_seed(0)).double().unbind()


@pytest.mark.parametrize("kind", ["eps", "x0", "v", "score"])
def test_every_kind_gives_the_picture_and_the_noise(kind, pair):
    x0, eps = pair
    said = {
        "eps": eps,
        "x0": x0,
        "v": LEVEL.alpha * eps - LEVEL.sigma * x0,
        "score": -eps / LEVEL.sigma,
    }
    pred = PREDICTIONS[kind](LEVEL.noised(x0, eps), LEVEL, said[kind])
    torch.testing.assert_close(pred.x0, x0)
    torch.testing.assert_close(pred.eps, eps)


@pytest.mark.parametrize("time", [0.0, 0.3, 1.0])
def test_a_flow_gives_the_picture_and_the_noise_at_both_ends_too(time, pair):
    x0, eps = pair
    level = Level(time, 1 - time, time)
    pred = PREDICTIONS["flow"](level.noised(x0, eps), level, eps - x0)
    torch.testing.assert_close(pred.x0, x0)
    torch.testing.assert_close(pred.eps, eps)


@pytest.mark.parametrize("level", [CLEAN, NOISE])
def test_v_is_defined_at_both_ends(level, pair):
    x0, eps = pair
    v = level.alpha * eps - level.sigma * x0
    pred = PREDICTIONS["v"](level.noised(x0, eps), level, v)
    assert torch.equal(pred.x0, x0)
    assert torch.equal(pred.eps, eps)


def test_a_clean_state_is_its_own_picture_whatever_the_noise(pair):
    x, eps = pair
    assert torch.equal(from_eps(x.float(), CLEAN, eps.float()).x0, x.float())


def test_what_is_undefined_is_refused(pair):
    x, said = pair
    with pytest.raises(OptionError, match="sigma = 0"):
        from_x0(x, CLEAN, said)
    with pytest.raises(OptionError, match="alpha = 0"):
        from_eps(x, NOISE, said)


def test_a_learned_variance_comes_as_a_share(pair):
    eps, channel = pair
    found, share = split_variance(torch.cat([eps, channel.sin()], dim=1))
    assert torch.equal(found, eps)
    torch.testing.assert_close(share, (channel.sin() + 1) / 2)


def test_coefficients_never_change_the_dtype(pair):
    x, eps = (part.half() for part in pair)
    assert from_eps(x, LEVEL, eps).x0.dtype == torch.float16
    assert not math.isnan(LEVEL.log_snr)
