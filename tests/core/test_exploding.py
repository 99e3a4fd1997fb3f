"""Variance exploding over a variance-preserving model: the same noise, other coordinates."""

import math
from itertools import pairwise

import pytest
import torch

from overpaint.core.exploding import exploding, exploding_path
from overpaint.core.prediction import from_v
from overpaint.core.rng import NoiseStream
from overpaint.core.schedule import CLEAN, Level, NoiseSchedule
from overpaint.core.solvers import ddim, dpmpp_2m, euler_maruyama_ve, last, solve

from ..gaussian import Gaussian

SCHEDULE = NoiseSchedule.linear()
MODEL = Gaussian(torch.full((1, 3, 4, 4), 0.3))
NOISE = torch.randn(1, 3, 4, 4, generator=torch.Generator().manual_seed(0))


def over(path):
    """The schedule's own levels of the same signal-to-noise ratio."""
    return [lv if lv.sigma == 0 else SCHEDULE.at(SCHEDULE.time_at(lv.log_snr)) for lv in path]


@pytest.mark.parametrize("n", [1, 2, 7])
@pytest.mark.parametrize("t0", [1.5, 300, 999])
def test_a_path_begins_at_the_same_ratio_and_has_the_moves_asked_for(t0, n):
    path = exploding_path(SCHEDULE, t0, n)
    assert path[0].log_snr == pytest.approx(SCHEDULE.at(t0).log_snr, abs=1e-9)
    assert path[0].t == pytest.approx(t0, abs=1e-6)
    assert (len(path), path[-1]) == (n + 1, CLEAN)
    ratios = [high.sigma / low.sigma for high, low in pairwise(path[:-1])]
    assert ratios == pytest.approx([ratios[0]] * len(ratios) if ratios else [])


def test_the_denoiser_is_exact_in_its_own_coordinates():
    level = Level(0.5, 1.0, 2.5)
    x = level.noised(torch.zeros(1, 3, 4, 4), NOISE)
    own = Gaussian(MODEL.mean)(x, level)
    found = exploding(MODEL, SCHEDULE)(x, level)
    assert torch.allclose(found.x0, own.x0, atol=1e-5)
    assert torch.allclose(found.eps, own.eps, atol=1e-5)


@pytest.mark.parametrize("step", [lambda: ddim, dpmpp_2m])
def test_solvers_of_the_ode_are_the_same_in_both(step):
    path = exploding_path(SCHEDULE, 600, 12)
    start = path[0].noised(torch.ones(1, 3, 4, 4), NOISE)
    exploded = last(solve(exploding(MODEL, SCHEDULE), start, path, step()))
    levels = over(path)
    preserved = last(solve(MODEL, start * levels[0].alpha, levels, step()))
    assert torch.allclose(exploded, preserved, atol=1e-4)


def test_the_sde_has_the_posteriors_mean_and_deviation():
    """Of a Gaussian picture under noise, in closed form: SDEdit draws from p(x0 | x_t0)."""
    guide, many = torch.full((1, 1, 1, 1), 1.0), 4000
    model = Gaussian(torch.zeros(1, 1, 1, 1), spread=0.5)
    path = exploding_path(SCHEDULE, 400, 300)
    rng = NoiseStream([0])
    start = guide + path[0].sigma * rng.randn((1, many, 1, 1))
    made = last(solve(exploding(model, SCHEDULE), start, path, euler_maruyama_ve(rng)))
    noise, spread = path[0].sigma ** 2, 0.5**2
    shrunk = spread / (spread + noise)
    assert float(made.mean()) == pytest.approx(shrunk, abs=0.02)
    variance = shrunk**2 * noise + spread * noise / (spread + noise)
    assert float(made.var()) == pytest.approx(variance, rel=0.06)


def test_a_schedule_that_ends_in_noise_alone_is_entered_where_there_is_signal():
    schedule = SCHEDULE.ending_in_noise()
    start = exploding_path(schedule, 999, 5)[0]
    assert math.isfinite(start.sigma)
    assert start.sigma > 100
    zero = exploding(lambda x, level: from_v(x, level, torch.zeros_like(x)), schedule)
    assert torch.isfinite(zero(NOISE, start).x0).all()
