"""Jumps up the path: how often the network is asked, and that samples stay what they should be."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from overpaint.core.masks import keep_outside
from overpaint.core.prediction import from_x0
from overpaint.core.resampling import jumping, renoised, renoising
from overpaint.core.rng import NoiseStream
from overpaint.core.schedule import CLEAN, NoiseSchedule, below
from overpaint.core.solvers import ancestral, ddim, dpmpp_2m, last, solve
from overpaint.errors import OptionError

from ..gaussian import Gaussian

SCHEDULE = NoiseSchedule.linear()


def noise(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def test_every_stretch_is_walked_so_many_times():
    levels = SCHEDULE.path([50, 40, 30, 20, 10, -1])
    path = [int(level.t) for level in jumping(levels, 2, 2)]
    # Down to 30 and up again to 50, down to 10 and up again to 30.
    assert path == [50, 40, 50, 40, 30, 20, 30, 20, 10, -1]
    assert jumping(levels, 2, 1) == levels
    assert jumping(levels, 9, 5) == levels


@settings(deadline=None, max_examples=25)
@given(n=st.integers(1, 40), length=st.integers(1, 12), times=st.integers(1, 5))
def test_the_network_is_asked_as_often_as_the_option_says(n, length, times):
    levels = SCHEDULE.path(below(500, n))
    model, rng = Gaussian(torch.tensor(0.3)), NoiseStream([0])
    path = jumping(levels, length, times)
    last(solve(model, noise(1, 1, 1, 1), path, renoising(ddim, levels, rng)))
    assert len(model.asked) == n + (times - 1) * length * ((n - 1) // length)
    assert model.asked == path[:-1]
    assert path[-1] == CLEAN
    assert (path[0], set(path)) == (levels[0], set(levels))


def test_noise_is_added_as_the_forward_process_adds_it():
    here, there = SCHEDULE.path([200, 600])
    x0, rng = torch.full((1, 1, 200, 200), 0.7), NoiseStream([0])
    found = renoised(here.noised(x0, rng.randn_like(x0)), here, there, rng)
    assert found.mean().item() == pytest.approx(there.alpha * 0.7, abs=0.02)
    assert found.std().item() == pytest.approx(there.sigma, abs=0.01)
    assert torch.equal(renoised(x0, here, here, rng), x0)
    with pytest.raises(OptionError, match="up the path"):
        renoised(x0, there, here, rng)


@pytest.mark.parametrize("make", [ancestral, lambda rng: ddim, lambda rng: dpmpp_2m()])
def test_samples_keep_their_distribution(make):
    model, rng = Gaussian(torch.tensor(0.3)), NoiseStream([1])
    levels = SCHEDULE.path(below(999, 400))
    path = jumping(levels, 40, 3)
    step = renoising(make(rng), levels, rng)
    found = last(solve(model, noise(1, 1, 100, 100), path, step))
    assert found.mean().item() == pytest.approx(0.3, abs=0.02)
    assert found.std().item() == pytest.approx(0.5, abs=0.02)


def test_a_multistep_solver_starts_afresh_after_a_jump():
    model, levels = Gaussian(torch.tensor(0.3)), SCHEDULE.path([600, 500, 400, 300])
    x, rng = noise(1, 1, 4, 4), NoiseStream([0])
    path = jumping(levels, 2, 2)  # 600 500 (400) 600 500 400 300
    found = list(solve(model, x, path, renoising(dpmpp_2m(), levels, rng)))
    again = list(solve(model, found[1], levels, dpmpp_2m()))
    assert torch.equal(found[-1], again[-1])


class Chain:
    """The exact denoiser of pictures of two pixels that are alike: unit variance, correlation c."""

    def __init__(self, c):
        self.spread = torch.tensor([[1.0, c], [c, 1.0]])

    def __call__(self, x, level):
        total = level.alpha**2 * self.spread + level.sigma**2 * torch.eye(2)
        gain = level.alpha * self.spread @ torch.linalg.inv(total)
        return from_x0(x, level, x @ gain.T) if level.sigma > 0 else from_x0(x, level, x)


def test_jumps_join_what_is_drawn_to_what_is_kept():
    """The drawn pixel should be c times the kept one, which plain blending does not reach."""
    c, kept, count = 0.95, 1.5, 256
    levels = SCHEDULE.path(below(999, 20))
    x0 = torch.tensor([kept, 0.0]).expand(count, 1, 1, 2)
    mask = torch.tensor([0.0, 1.0]).view(1, 1, 1, 2)

    def error(times):
        rng = NoiseStream(range(count))
        start = rng.randn((count, 1, 1, 2))
        step = renoising(ancestral(rng), levels, rng)
        path = jumping(levels, 5, times)
        found = last(solve(Chain(c), start, path, step, keep_outside(x0, mask, rng)))
        return abs(found[..., 1].mean().item() - c * kept)

    plain, joined = error(1), error(6)
    assert joined < 0.6 * plain
    assert math.isfinite(plain)


@pytest.mark.parametrize(("length", "times"), [(0, 2), (2, 0), (-1, 1)])
def test_impossible_jumps_are_refused(length, times):
    with pytest.raises(OptionError, match="at least 1"):
        jumping(SCHEDULE.path(below(500, 4)), length, times)
