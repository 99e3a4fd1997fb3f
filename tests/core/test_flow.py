"""The straight path of rectified flows, as diffusers walks it."""

import math
import os
from itertools import pairwise

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import numpy as np
import pytest
import torch
from diffusers import FlowMatchEulerDiscreteScheduler
from diffusers.pipelines.flux.pipeline_flux import calculate_shift

from overpaint.core.exploding import exploding, exploding_path
from overpaint.core.flow import FlowSchedule, flow
from overpaint.core.prediction import from_flow, from_x0
from overpaint.core.rng import NoiseStream
from overpaint.core.schedule import CLEAN, Level, below, by_log_snr
from overpaint.core.solvers import ancestral, ddim, dpmpp_2m, last, solve
from overpaint.errors import OptionError

SD3 = FlowSchedule(shift=3.0)
SCHEDULES = [FlowSchedule(), SD3, FlowSchedule(shift=math.exp(1.15)), FlowSchedule(100, 0.5)]
FLUX = {"use_dynamic_shifting": True, "base_shift": 0.5, "max_shift": 1.15, "shift": 3.0}


def gaussian(x, level, mean=0.3, spread=0.5):
    """What is exactly known of a picture from N(mean, spread^2), as velocity."""
    total = level.alpha**2 * spread**2 + level.sigma**2
    x0 = mean + level.alpha * spread**2 / total * (x - level.alpha * mean)
    eps = level.sigma / total * (x - level.alpha * mean)
    return from_flow(x, level, eps - x0)


def times(shares):
    """Of a flow of 1000 steps, where diffusers gives shares of its path."""
    return [1000 * float(share) - 1 for share in shares]


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_levels_lie_on_the_straight_path_and_only_get_noisier(schedule):
    levels = schedule.path([-1, *range(len(schedule))])
    assert levels[0] is CLEAN
    assert levels[-1] == Level(len(schedule) - 1.0, 0.0, 1.0)
    assert all(lv.alpha + lv.sigma == pytest.approx(1, abs=1e-12) for lv in levels)
    assert all(a.sigma < b.sigma for a, b in pairwise(levels))
    assert schedule.at(10).sigma < schedule.at(10.5).sigma < schedule.at(11).sigma


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_a_level_is_found_again_by_its_noise(schedule):
    for t in (0.0, 3.25, 50.0, len(schedule) - 1.5):
        assert schedule.time_at(schedule.at(t).log_snr) == pytest.approx(t, abs=1e-6)
    assert schedule.time_at(math.inf) == 0
    assert schedule.time_at(-math.inf) == len(schedule) - 1


@pytest.mark.parametrize("steps", [4, 28])
def test_noise_and_times_are_those_of_diffusers(steps):
    theirs = FlowMatchEulerDiscreteScheduler(shift=3.0)
    shares = np.linspace(1.0, 0.01, steps)
    theirs.set_timesteps(sigmas=shares)
    ours = SD3.path(times(shares))
    assert [lv.sigma for lv in ours] == pytest.approx(theirs.sigmas[:-1].tolist(), abs=1e-6)
    assert [SD3.clock(lv) for lv in ours] == pytest.approx(theirs.timesteps.tolist(), abs=1e-3)


@pytest.mark.parametrize("patches", [64, 256, 1024, 4096, 9000])
@pytest.mark.parametrize("kind", ["exponential", "linear"])
def test_flux_shifts_by_the_size_of_the_picture(patches, kind):
    config = {**FLUX, "time_shift_type": kind}
    theirs = FlowMatchEulerDiscreteScheduler(**config)
    shares = np.linspace(1.0, 0.1, 10)
    theirs.set_timesteps(sigmas=shares, mu=calculate_shift(patches))
    sigmas = [lv.sigma for lv in flow(config, patches).path(times(shares))]
    assert sigmas == pytest.approx(theirs.sigmas[:-1].tolist(), abs=1e-6)


def test_the_deterministic_step_is_eulers():
    theirs = FlowMatchEulerDiscreteScheduler(shift=3.0)
    shares = np.linspace(1.0, 0.05, 12)
    theirs.set_timesteps(sigmas=shares)
    x = torch.randn(2, 4, 3, 3, generator=torch.Generator().manual_seed(0)).double()
    levels = SD3.path([*times(shares), -1])
    ours = list(solve(gaussian, x, levels))
    for t, here, found in zip(theirs.timesteps, levels, ours, strict=False):
        pred = gaussian(x, here)
        x = theirs.step(pred.eps - pred.x0, t, x).prev_sample
        assert torch.allclose(found, x, atol=1e-5)


@pytest.mark.parametrize("step", [ddim, dpmpp_2m(), ancestral(NoiseStream((0,)))])
@pytest.mark.parametrize("spaced", [below(999, 300), by_log_snr(SD3, 999, 300)])
def test_noise_becomes_the_pictures_that_were_learned(step, spaced):
    x = NoiseStream((1,)).randn((1, 1, 100, 100))
    found = last(solve(gaussian, x, SD3.path(spaced), step))
    assert float(found.mean()) == pytest.approx(0.3, abs=0.03)
    assert float(found.std()) == pytest.approx(0.5, abs=0.03)


def test_the_way_up_is_the_way_down_the_nearer_the_finer():
    x0, apart = NoiseStream((1,)).randn((1, 2, 8, 8)) * 0.5, []
    for moves in (100, 800):
        levels = SD3.path(below(999, moves))
        up = last(solve(gaussian, x0, levels[::-1]))
        apart.append(float((last(solve(gaussian, up, levels)) - x0).abs().max()))
    assert apart[1] < apart[0] / 6
    assert apart[1] < 0.02


def test_it_is_walked_with_exploding_variance_too():
    levels = exploding_path(SD3, 999, 80)
    x = levels[0].sigma * NoiseStream((1,)).randn((1, 1, 100, 100))
    found = last(solve(exploding(gaussian, SD3), x, levels))
    assert float(found.mean()) == pytest.approx(0.3, abs=0.05)
    assert float(found.std()) == pytest.approx(0.5, abs=0.05)


def test_a_velocity_is_the_same_in_other_words():
    level, x = SD3.at(400), torch.randn(2, 3)
    pred = from_flow(x, level, torch.randn(2, 3))
    again = from_x0(x, level, pred.x0)
    assert torch.allclose(again.eps, pred.eps, atol=1e-5)
    assert torch.allclose(level.noised(pred.x0, pred.eps), x, atol=1e-6)


@pytest.mark.parametrize(
    ("config", "why"),
    [
        ({"shift_terminal": 0.02}, "shift_terminal is not supported"),
        ({"use_karras_sigmas": True}, "use_karras_sigmas is not supported"),
        ({"num_train_timesteps": 10**9}, "num_train_timesteps"),
        ({"shift": "much"}, "shift must be a number"),
        ({"shift": float("nan")}, "shift must be a number"),
        ({**FLUX, "max_shift": 1e9}, "max_shift"),
        ({**FLUX, "base_image_seq_len": 4096}, "is not below"),
        ({**FLUX, "time_shift_type": "sideways"}, "'sideways' is not known"),
    ],
)
def test_what_is_no_known_flow_is_refused(config, why):
    with pytest.raises(OptionError, match=why):
        flow(config, 256)


def test_times_and_strengths_are_checked():
    assert SD3.time_of(1.0) == 999
    for bad in (-2, 1000):
        with pytest.raises(OptionError, match="time must be in"):
            SD3.at(bad)
    with pytest.raises(OptionError, match="strength"):
        SD3.time_of(0)
