"""Inversion, generation and noise combination against DiffusionCLIP's own numbers."""

import math
from functools import partial

import pytest
import torch

from overpaint.core.guidance import mix
from overpaint.core.schedule import CLEAN, NoiseSchedule, official
from overpaint.core.solvers import ancestral, ddim, ddim_eta, euler_maruyama_vp, last, solve
from overpaint.inversions.ddim import ddim as invert

from .. import golden
from ..gaussian import Gaussian

SCHEDULE = NoiseSchedule.linear()
close = partial(torch.testing.assert_close, rtol=0, atol=1e-5)


class Recorded:
    """A noise stream that yields what it is given."""

    def __init__(self, draws):
        self.draws = iter(draws)

    def randn_like(self, x):
        return next(self.draws)[: len(x)]


@pytest.fixture(scope="module")
def numbers():
    return golden.arrays("diffusionclip_sampling")


@pytest.fixture(scope="module")
def models(numbers):
    return Gaussian(numbers["m1"]), Gaussian(numbers["m2"])


@pytest.fixture(scope="module")
def first(numbers):
    """The models for the first picture alone."""
    return Gaussian(numbers["m1"][:1]), Gaussian(numbers["m2"][:1])


def down(t0, steps):
    return SCHEDULE.path([*official(t0, steps), -1])


def check_states(numbers, run, states):
    """All stored states of a run, by their number of steps."""
    stored = {key: value for key, value in numbers.items() if key.rpartition(".")[0] == run}
    assert stored
    for key, expected in stored.items():
        close(states[int(key.rpartition(".")[2])], expected)


def generate(denoise, start, levels, step=ddim):
    return [start, *solve(denoise, start, levels, step)]


@pytest.mark.parametrize("t0", [301, 500])
def test_inversion(numbers, models, t0):
    levels = SCHEDULE.path(official(t0, 40))
    trajectory = invert(models[0], numbers["x0"], levels, ask_ahead=False)
    check_states(numbers, f"invert.t{t0}.S40", list(trajectory.states.values()))


@pytest.mark.parametrize("t0", [301, 500])
@pytest.mark.parametrize(("run", "steps"), [("generate", 6), ("generate", 40), ("roundtrip", 40)])
def test_generation(numbers, models, run, t0, steps):
    states = generate(models[0], numbers[f"invert.t{t0}.S40.39"], down(t0, steps))
    check_states(numbers, f"{run}.t{t0}.S{steps}", states)


@pytest.mark.parametrize("t0", [301, 500])
def test_the_round_trip_misses_by_as_much(numbers, models, t0):
    found = last(solve(models[0], numbers[f"invert.t{t0}.S40.39"], down(t0, 40)))
    expected = golden.facts("diffusionclip_sampling")["roundtrip_max_error"][f"t{t0}.S40"]
    assert (found - numbers["x0"]).abs().max().item() == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("t0", [301, 500])
@pytest.mark.parametrize("ratio", [0, 0.3, 1])
def test_degree_of_change(numbers, models, t0, ratio):
    denoise = mix(models, lambda level: (1 - ratio, ratio))
    states = generate(denoise, numbers[f"invert.t{t0}.S40.39"], down(t0, 6))
    check_states(numbers, f"ratio{ratio}.t{t0}.S6", states)


@pytest.mark.parametrize("steps", [6, 40])
def test_weights_that_change_along_the_path(numbers, first, steps):
    denoise = mix(first, lambda level: (1, 0) if level.t >= 300 else (0.3, 0.7))
    states = generate(denoise, numbers["invert.t500.S40.39"][:1], down(500, steps))
    check_states(numbers, f"hybrid.t500.S{steps}", states)


@pytest.mark.parametrize("eta", [0.5, 1])
def test_generation_with_noise(numbers, first, eta):
    step = ddim_eta(Recorded([numbers[f"noise.{i}"] for i in range(8)]), eta)
    states = generate(first[0], numbers["invert.t500.S40.39"][:1], down(500, 6), step)
    check_states(numbers, f"eta{eta}.t500.S6", states)


def test_generation_through_every_time(numbers, models):
    states = generate(models[0], numbers["invert.t500.S40.39"], down(60, 0))
    check_states(numbers, "noskip.t60", states)


@pytest.mark.parametrize("t0", [301, 500])
def test_the_first_predicted_picture(numbers, models, t0):
    start = numbers[f"invert.t{t0}.S40.39"]
    close(models[0](start, SCHEDULE.at(t0)).x0, numbers[f"first_step_x0.t{t0}.S6"])


def test_single_steps(numbers, first):
    x, noise = numbers["invert.t500.S40.39"][:1], numbers["noise.0"]
    for case in golden.facts("diffusionclip_sampling")["single_steps"]:
        if case["logvar"].startswith("learned"):
            continue  # see below
        rng, here, there = Recorded([noise]), SCHEDULE.at(case["t"]), SCHEDULE.at(case["t_next"])
        if case["sampling_type"] == "ddim":
            step = ddim_eta(rng, case["eta"]) if case["eta"] else ddim
        else:
            there = SCHEDULE.at(case["t"] - 1)  # their DDPM step moves by one, whatever is asked
            step = ancestral(rng) if case["logvar"] == "fixedsmall" else euler_maruyama_vp(rng)
        close(step(x, first[0](x, here), here, there), numbers[case["key"]], msg=case["key"])


def test_a_learned_variance_is_misread_there_and_only_that(numbers, first):
    """Their step takes the raw channel, 0.3 cos(3 eps) here, for the log variance."""
    (case,) = (
        case
        for case in golden.facts("diffusionclip_sampling")["single_steps"]
        if case["logvar"].startswith("learned")
    )
    x, noise = numbers["invert.t500.S40.39"][:1], numbers["noise.0"]
    here, there = SCHEDULE.path([case["t"], case["t_next"]])
    pred = first[0](x, here)
    mean = ancestral(Recorded([torch.zeros_like(x)]))(x, pred, here, there)
    spread = torch.exp(0.3 * torch.cos(3 * pred.eps) / 2)
    close(mean + spread * noise[:1], numbers[case["key"]])


@pytest.mark.parametrize("t", [1, 2, 10, 100, 500, 999])
def test_log_variances(t):
    """Both variances, read off the spread of a step whose noise is known."""
    facts = golden.facts("diffusionclip_logvar")
    here, there = SCHEDULE.path([t, t - 1])
    x = torch.ones(1, 3, 2, 2, dtype=torch.float64)
    pred = Gaussian(torch.tensor(0.0))(x, here)
    for make, kind in [(ancestral, "fixedsmall"), (euler_maruyama_vp, "fixedlarge")]:
        high, low = (make(Recorded([z * x]))(x, pred, here, there) for z in (1, -1))
        found = 2 * math.log(((high - low) / 2).mean().item())
        assert found == pytest.approx(facts[kind][str(t)], abs=1e-9)


def test_the_last_move_arrives_at_the_picture(numbers, models):
    levels = down(500, 6)
    *_, before, final = solve(models[0], numbers["invert.t500.S40.39"], levels)
    assert levels[-1] is CLEAN
    close(final, models[0](before, levels[-2]).x0)
