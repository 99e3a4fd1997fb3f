"""Levels, schedules and the times they are visited at."""

import math
from itertools import pairwise

import pytest
import torch

from overpaint.core.schedule import (
    CLEAN,
    Level,
    NoiseSchedule,
    below,
    by_log_snr,
    evenly,
    leading,
    official,
    trailing,
)
from overpaint.errors import OptionError

from .. import golden

LINEAR = NoiseSchedule.linear()
SCHEDULES = [LINEAR, NoiseSchedule.scaled_linear(), NoiseSchedule.squared_cosine()]


def test_alphas_bar_are_those_of_the_reference():
    for t, value in golden.facts("diffusionclip_logvar")["alphas_cumprod"].items():
        assert LINEAR.alphas_bar[int(t)] == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_levels_preserve_variance_and_only_get_noisier(schedule):
    levels = schedule.path([-1, *range(1000)])
    assert all(lv.alpha**2 + lv.sigma**2 == pytest.approx(1, abs=1e-12) for lv in levels)
    assert all(a.log_snr > b.log_snr for a, b in pairwise(levels))


def test_the_time_before_the_first_is_clean():
    assert LINEAR.at(-1) is CLEAN
    assert CLEAN.log_snr == math.inf
    x0, eps = torch.randn(2, 3, 4, 4).unbind()
    assert torch.equal(CLEAN.noised(x0, eps), x0)


@pytest.mark.parametrize("schedule", [*SCHEDULES, LINEAR.ending_in_noise()])
@pytest.mark.parametrize("t", [-1, 0, 499, 998])
def test_fractional_times_lie_between_whole_ones(schedule, t):
    low, middle, high = schedule.path([t, t + 0.5, t + 1])
    assert low.sigma < middle.sigma < high.sigma
    assert low.alpha > middle.alpha > high.alpha
    assert middle.alpha**2 + middle.sigma**2 == pytest.approx(1, abs=1e-12)


def test_a_schedule_that_ends_in_noise_keeps_its_beginning():
    stretched = LINEAR.ending_in_noise()
    assert stretched.at(999) == Level(999.0, 0.0, 1.0)
    assert stretched.at(999).log_snr == -math.inf
    assert stretched.alphas_bar[0] == pytest.approx(LINEAR.alphas_bar[0], rel=1e-12)


def test_levels_are_keys():
    assert len({LINEAR.at(5): "a", LINEAR.at(5.0): "b", LINEAR.at(6): "c"}) == 2


@pytest.mark.parametrize("t", [-1.5, 999.5, 1000, math.nan])
def test_times_off_the_path_are_refused(t):
    with pytest.raises(OptionError, match="time must be in"):
        LINEAR.at(t)


def test_official_times_are_those_of_the_reference():
    for key, expected in golden.facts("diffusionclip_times")["sequences"].items():
        t0, steps = map(int, key.split(","))
        assert official(t0, steps)[::-1] == expected["seq"], key
        assert [-1, *official(t0, steps)[:0:-1]] == expected["seq_next"], key
    assert official(65, 40)[::-1][9] == 14  # truncated, though the exact value is 15
    assert official(60, 0) == list(range(59, -1, -1))


@pytest.mark.parametrize("t0", [500, 499.5, 3.2])
@pytest.mark.parametrize("n", [1, 2, 6, 40])
def test_below_makes_exactly_n_moves_from_t0_to_clean(t0, n):
    times = below(t0, n)
    assert len(times) == n + 1
    assert (times[0], times[-1]) == (t0, -1)
    assert times == sorted(set(times), reverse=True)


@pytest.mark.parametrize("t", [0, 1, 7.3, 250, 500.5, 999])
def test_times_are_found_by_their_log_snr(t):
    assert LINEAR.time_at(LINEAR.at(t).log_snr) == pytest.approx(t, abs=1e-9)
    assert (LINEAR.time_at(-99), LINEAR.time_at(99)) == (999, 0)


@pytest.mark.parametrize("t0", [999, 500, 250.5, 3])
@pytest.mark.parametrize("n", [1, 2, 6, 40])
def test_times_by_log_snr_lie_evenly_in_it_and_end_clean(t0, n):
    times = by_log_snr(LINEAR, t0, n)
    assert (len(times), times[0], times[-1]) == (n + 1, t0, -1)
    assert times == sorted(set(times), reverse=True)
    values = [level.log_snr for level in LINEAR.path(times[:-1])]
    gaps = [b - a for a, b in pairwise(values)]
    assert all(gap == pytest.approx(gaps[0]) for gap in gaps)
    if n > 1 and t0 > 10:
        assert LINEAR.at(times[-2]).sigma == pytest.approx(0.04, abs=0.002)


@pytest.mark.parametrize("spacing", [leading, trailing, evenly])
@pytest.mark.parametrize("n", [1, 7, 50, 999, 1000])
def test_spacings_are_n_descending_times_of_the_schedule(spacing, n):
    times = spacing(1000, n)
    assert len(times) == n
    assert times == sorted(set(times), reverse=True)
    assert 0 <= times[-1] <= times[0] <= 999


@pytest.mark.parametrize("n", [0, -1, 1001])
def test_impossible_numbers_of_steps_are_refused(n):
    for spacing in (leading, trailing, evenly):
        with pytest.raises(OptionError, match=r"must be in \[1, 1000\]"):
            spacing(1000, n)


@pytest.mark.parametrize("strength", [0, -0.1, 1.1, math.nan])
def test_strength_is_a_fraction_of_the_path(strength):
    assert LINEAR.time_of(1) == 999
    assert LINEAR.time_of(0.5) == 499.5
    with pytest.raises(OptionError, match="strength"):
        LINEAR.time_of(strength)


def test_an_unknown_schedule_is_refused_by_name():
    with pytest.raises(OptionError, match="'sigmoid'"):
        NoiseSchedule.from_diffusers_config({"beta_schedule": "sigmoid"})


@pytest.mark.parametrize(
    "values",
    [
        {"num_train_timesteps": "abc"},
        {"num_train_timesteps": 0},
        {"num_train_timesteps": 10**12},
        {"num_train_timesteps": 1000.0},
        {"beta_start": None},
        {"beta_start": 0},
        {"beta_end": 3},
        {"beta_end": 10**400},
        {"beta_end": math.nan},
        {"beta_schedule": ["linear"]},
        {"trained_betas": 5},
        {"trained_betas": {"0": 0.1, "1": 0.1}},
        {"trained_betas": ["x", "y"]},
        {"trained_betas": [0.1]},
        {"trained_betas": [0.1, math.nan]},
        {"trained_betas": [1e-30, 1e-30], "rescale_betas_zero_snr": True},
        {"trained_betas": [1, 1], "rescale_betas_zero_snr": True},
    ],
)
def test_configs_that_describe_no_schedule_are_refused(values):
    with pytest.raises(OptionError):
        NoiseSchedule.from_diffusers_config(values)


def test_betas_of_a_config_may_end_in_pure_noise():
    betas = [0.1, 0.5, 1]
    assert NoiseSchedule.from_diffusers_config({"trained_betas": betas}).alphas_bar[-1] == 0
