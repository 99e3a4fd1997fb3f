"""The same paths as diffusers' schedulers, on the same model."""

import os

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import pytest
import torch
from diffusers import DDIMScheduler, DDPMScheduler, DPMSolverMultistepScheduler

from overpaint.core.prediction import from_v, split_variance
from overpaint.core.schedule import NoiseSchedule, evenly, leading, trailing
from overpaint.core.solvers import ancestral, ddim, ddim_eta, dpmpp_2m, euler_maruyama_vp, solve

from ..gaussian import Gaussian, with_variance

MODEL = Gaussian(torch.tensor(0.3))
CONFIGS = [
    {"beta_schedule": "linear"},
    {"beta_schedule": "scaled_linear", "beta_start": 0.00085, "beta_end": 0.012},
    {"beta_schedule": "squaredcos_cap_v2"},
    {"beta_schedule": "linear", "rescale_betas_zero_snr": True},
    {"trained_betas": [0.01 + 1e-5 * i for i in range(1000)]},
]


def start(*shape):
    return torch.randn(shape or (2, 3, 4, 4), generator=torch.Generator().manual_seed(0)).double()


class Shared:
    """Noise from one generator, drawn as diffusers draws it."""

    def __init__(self):
        self.generator = torch.Generator().manual_seed(1)

    def randn_like(self, x):
        return torch.randn(x.shape, generator=self.generator, dtype=x.dtype)


def theirs(scheduler, steps, schedule, output, **options):
    """The states along diffusers' own loop; `output(x, level)` is what the network says."""
    scheduler.set_timesteps(steps)
    x, states = start(), []
    for t in scheduler.timesteps:
        x = scheduler.step(output(x, schedule.at(int(t))), t, x, **options).prev_sample
        states.append(x)
    return states


def ours(schedule, times, step, denoise=MODEL):
    return list(solve(denoise, start(), schedule.path([*times, -1]), step))


def noise_of(x, level):
    return MODEL(x, level).eps


def velocity(x, level):
    """What a v-predicting network says of N(0.3, 0.5^2); defined without signal too."""
    gain = level.alpha * MODEL.spread**2 / MODEL.deviation(level) ** 2
    x0 = MODEL.mean + gain * (x - level.alpha * MODEL.mean)
    return (level.alpha * x - x0) / level.sigma


def check(found, expected, tolerance=2e-5):
    for ours_now, theirs_now in zip(found, expected, strict=True):
        torch.testing.assert_close(ours_now, theirs_now, rtol=0, atol=tolerance)


@pytest.mark.parametrize("config", CONFIGS)
def test_schedules(config):
    expected = DDIMScheduler.from_config(config).alphas_cumprod.double()
    found = torch.tensor(NoiseSchedule.from_diffusers_config(config).alphas_bar).double()
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("n", [2, 7, 10, 27, 50, 100, 250, 333, 1000])
@pytest.mark.parametrize(
    ("name", "spacing"), [("leading", leading), ("trailing", trailing), ("linspace", evenly)]
)
def test_spacings(name, spacing, n):
    scheduler = DDIMScheduler(timestep_spacing=name)
    scheduler.set_timesteps(n)
    assert spacing(1000, n) == scheduler.timesteps.tolist()


def test_an_offset_shifts_the_leading_times():
    scheduler = DDIMScheduler(timestep_spacing="leading", steps_offset=1)
    scheduler.set_timesteps(50)
    assert leading(1000, 50, offset=1) == scheduler.timesteps.tolist()


@pytest.mark.parametrize("eta", [0.0, 0.6, 1.0])
@pytest.mark.parametrize("config", CONFIGS[:3])
def test_ddim(config, eta):
    scheduler = DDIMScheduler.from_config({**config, "clip_sample": False})
    schedule = NoiseSchedule.from_diffusers_config(config)
    generator = torch.Generator().manual_seed(1)
    expected = theirs(scheduler, 20, schedule, noise_of, eta=eta, generator=generator)
    step = ddim_eta(Shared(), eta) if eta else ddim
    check(ours(schedule, leading(1000, 20), step), expected)


def test_ddim_from_v_prediction_at_zero_terminal_snr():
    config = {**CONFIGS[3], "prediction_type": "v_prediction", "timestep_spacing": "trailing"}
    scheduler = DDIMScheduler.from_config({**config, "clip_sample": False})
    schedule = NoiseSchedule.from_diffusers_config(config)

    def denoise(x, level):
        return from_v(x, level, velocity(x, level))

    expected = theirs(scheduler, 20, schedule, velocity)
    check(ours(schedule, trailing(1000, 20), ddim, denoise), expected)


@pytest.mark.parametrize("steps", [50, 1000])
@pytest.mark.parametrize(
    ("variance_type", "make"), [("fixed_small", ancestral), ("fixed_large", euler_maruyama_vp)]
)
def test_ddpm(variance_type, make, steps):
    scheduler = DDPMScheduler(variance_type=variance_type, clip_sample=False)
    schedule = NoiseSchedule.linear()
    generator = torch.Generator().manual_seed(1)
    expected = theirs(scheduler, steps, schedule, noise_of, generator=generator)
    check(ours(schedule, leading(1000, steps), make(Shared())), expected, 1e-4)


def test_ddpm_with_a_learned_variance():
    scheduler = DDPMScheduler(variance_type="learned_range", clip_sample=False)
    schedule, denoise = NoiseSchedule.linear(), with_variance(MODEL, 0.8, 0.2)

    def output(x, level):
        pred = denoise(x, level)
        return torch.cat([pred.eps, 2 * pred.variance - 1], dim=1)

    generator = torch.Generator().manual_seed(1)
    expected = theirs(scheduler, 50, schedule, output, generator=generator)
    check(ours(schedule, leading(1000, 50), ancestral(Shared()), denoise), expected, 1e-4)
    eps, share = split_variance(output(start(), schedule.at(500)))
    torch.testing.assert_close(share, denoise(start(), schedule.at(500)).variance)
    torch.testing.assert_close(eps, noise_of(start(), schedule.at(500)))


@pytest.mark.parametrize("steps", [5, 14, 30])
def test_dpm_solver_multistep(steps):
    scheduler = DPMSolverMultistepScheduler(
        beta_start=1e-4, beta_end=0.02, solver_order=2, algorithm_type="dpmsolver++"
    )
    schedule = NoiseSchedule.linear()
    expected = theirs(scheduler, steps, schedule, noise_of)
    times = [int(t) for t in scheduler.timesteps]
    check(ours(schedule, times, dpmpp_2m()), expected)
