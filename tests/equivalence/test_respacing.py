"""guided-diffusion's own respaced times and coefficients, made with this project's functions."""

import math
from itertools import pairwise

import pytest
import torch

from overpaint.core.prediction import from_x0
from overpaint.core.respacing import respaced, space_timesteps
from overpaint.core.schedule import NoiseSchedule
from overpaint.core.solvers import posterior, posterior_variance
from overpaint.errors import OptionError

from .. import golden

SCHEDULE = NoiseSchedule.linear()


def place(spec, index):
    """The level of an index, and the one to which a step leads."""
    levels = respaced(SCHEDULE, spec)
    return levels[-2 - index], levels[-1 - index]


def least(spec):
    """The variance with which the reference's step to the picture counts."""
    return posterior_variance(*place(spec, 1))


def near(found, expected, atol, rtol=0.0):
    torch.testing.assert_close(found, expected, rtol=rtol, atol=atol)


def test_respacing():
    for key, expected in golden.facts("blended_respacing")["tables"].items():
        T, spec = key.split(":")
        assert list(space_timesteps(int(T), spec)) == sorted(expected), key


def test_respacing_that_the_reference_refuses():
    for key in golden.facts("blended_respacing")["errors"]:
        T, spec = key.split(":")
        with pytest.raises(OptionError):
            space_timesteps(int(T), spec)


def test_the_level_at_which_an_edit_starts():
    for key, expected in golden.facts("blended_respacing")["noise_levels"].items():
        spec, skip = key.split(",skip=")
        levels = respaced(SCHEDULE, spec, int(skip))
        assert len(levels) - 2 == expected["first_index"], key
        assert levels[0].t == expected["original_timestep"], key
        assert levels[0].alpha == pytest.approx(expected["sqrt_alpha_bar"], rel=1e-9)
        assert levels[0].sigma == pytest.approx(expected["sqrt_one_minus_alpha_bar"], rel=1e-9)


def test_an_index_is_never_lost_where_the_reference_loses_it():
    for spec, told in golden.facts("blended_respacing")["unscale"].items():
        wrong = dict(told["index_to_unscaled_where_different"])
        times, levels = space_timesteps(1000, spec), respaced(SCHEDULE, spec)
        for index, t in enumerate(times):
            assert levels[-2 - index].t == t
            recovered = math.floor(torch.tensor(float(t)) * (len(times) / 1000))
            assert recovered == wrong.get(index, index), (spec, index)


@pytest.mark.parametrize("spec", ["100", "25", "ddim50"])
def test_coefficients(spec):
    tables = golden.arrays("blended_coefficients")
    of = lambda name: tables[f"{spec}.{name}"]  # noqa: E731
    one = torch.ones((), dtype=torch.float64)
    up = respaced(SCHEDULE, spec)[::-1]
    found = {name: [] for name in sorted(k.split(".")[1] for k in tables if k.startswith(spec))}
    for there, here in pairwise(up):
        widest = from_x0(one, here, one, variance=one)
        found["timestep_map"].append(int(here.t))
        found["alphas_cumprod"].append(here.alpha**2)
        found["alphas_cumprod_prev"].append(there.alpha**2)
        found["betas"].append(float(posterior(widest, here, there, least=least(spec))[1].exp()))
        found["posterior_variance"].append(posterior_variance(here, there))
        low = from_x0(0 * one, here, one)
        mean, log_variance = posterior(low, here, there, least=least(spec))
        found["posterior_log_variance_clipped"].append(log_variance)
        found["posterior_mean_coef1"].append(float(mean))
        found["posterior_mean_coef2"].append(
            float(posterior(from_x0(one, here, 0 * one), here, there)[0])
        )
        found["sqrt_recip_alphas_cumprod"].append(1 / here.alpha)
        found["sqrt_recipm1_alphas_cumprod"].append(here.sigma / here.alpha)
    for name, values in found.items():
        near(torch.tensor(values, dtype=of(name).dtype), of(name), 1e-15, 1e-9)
