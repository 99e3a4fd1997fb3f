"""Every step against the Gaussian, whose paths are known in closed form."""

import math
from dataclasses import replace

import pytest
import torch

from overpaint.core.guidance import lead
from overpaint.core.prediction import PREDICTIONS, Prediction
from overpaint.core.rng import NoiseStream
from overpaint.core.schedule import CLEAN, Level, NoiseSchedule, below, evenly, variance_exploding
from overpaint.core.solvers import (
    ancestral,
    ddim,
    ddim_eta,
    dpmpp_2m,
    euler_maruyama_ve,
    euler_maruyama_vp,
    last,
    posterior,
    posterior_variance,
    solve,
)
from overpaint.errors import OptionError

from ..gaussian import Gaussian, with_variance

SCHEDULE = NoiseSchedule.linear()
GAUSSIAN = Gaussian(torch.tensor(0.3))


def noise(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def spread(x):
    return x.mean().item(), x.std().item()


def distance_to_the_ode(step, n):
    levels = SCHEDULE.path(below(800, n)[:-1])
    x = noise(2, 3, 4, 4).double()
    found = last(solve(GAUSSIAN, x, levels, step))
    return (found - GAUSSIAN.flow(x, levels[0], levels[-1])).abs().max().item()


@pytest.mark.parametrize(("make", "order"), [(lambda: ddim, 1), (dpmpp_2m, 2)])
def test_solvers_approach_the_exact_flow_at_their_order(make, order):
    coarse, fine = distance_to_the_ode(make(), 80), distance_to_the_ode(make(), 160)
    assert coarse / fine == pytest.approx(2**order, rel=0.1)


def test_ddim_is_exact_where_the_prediction_is():
    x0, eps = noise(2, 1, 3, 4, 4).unbind()
    here, there = SCHEDULE.path([700, 200])
    moved = ddim(here.noised(x0, eps), Prediction(x0, eps), here, there)
    assert torch.equal(moved, there.alpha * x0 + there.sigma * eps)


@pytest.mark.parametrize("make", [lambda: ddim, dpmpp_2m, lambda: ancestral(NoiseStream([0]))])
def test_the_last_move_of_the_closed_grid_is_the_predicted_picture(make):
    x = noise(1, 3, 4, 4)
    levels = SCHEDULE.path(below(500, 5))
    *_, before, final = solve(GAUSSIAN, x, levels, make())
    assert levels[-1] == CLEAN
    torch.testing.assert_close(final, GAUSSIAN(before, levels[-2]).x0, rtol=0, atol=1e-6)


def test_eta_runs_from_ddim_to_the_ancestral_step():
    x = noise(1, 3, 4, 4)
    levels = SCHEDULE.path([*evenly(1000, 20), -1])
    paths = [ddim, ddim_eta(NoiseStream([0]), 0), ddim_eta(NoiseStream([0]), 1.0)]
    plain, without, full = (last(solve(GAUSSIAN, x, levels, step)) for step in paths)
    torch.testing.assert_close(without, plain)
    torch.testing.assert_close(full, last(solve(GAUSSIAN, x, levels, ancestral(NoiseStream([0])))))


def test_a_learned_variance_lies_between_posterior_and_beta():
    x = noise(1, 3, 4, 4)
    here, there = SCHEDULE.path([500, 400])

    def step(share):
        pred = GAUSSIAN(x, here)
        shares = None if share is None else torch.full_like(x, share)
        pred = Prediction(pred.x0, pred.eps, shares)
        return ancestral(NoiseStream([0]))(x, pred, here, there)

    torch.testing.assert_close(step(0.0), step(None))
    large = euler_maruyama_vp(NoiseStream([0]))(x, GAUSSIAN(x, here), here, there)
    torch.testing.assert_close(step(1.0), large)


@pytest.mark.parametrize("make", [ddim_eta, ancestral, euler_maruyama_vp])
def test_stochastic_steps_sample_the_gaussian(make):
    levels = SCHEDULE.path([*evenly(1000, 250), -1])
    found = last(solve(GAUSSIAN, noise(1, 1, 160, 160), levels, make(NoiseStream([1]))))
    assert spread(found) == pytest.approx((0.3, 0.5), abs=0.02)


def test_the_variance_exploding_sde_samples_the_gaussian():
    levels = variance_exploding(0.7, 400)
    x = 0.3 + GAUSSIAN.deviation(levels[0]) * noise(1, 1, 160, 160)
    found = last(solve(GAUSSIAN, x, levels, euler_maruyama_ve(NoiseStream([1]))))
    assert spread(found) == pytest.approx((0.3, math.hypot(0.5, levels[-1].sigma)), abs=0.02)


def test_variance_exploding_levels_are_geometric():
    levels = variance_exploding(0.5, 10, 0.01, 378)
    assert len(levels) == 11
    assert {level.alpha for level in levels} == {1.0}
    assert levels[0].sigma == pytest.approx(math.sqrt(0.01 * 378))
    assert levels[-1].sigma == pytest.approx(0.01)


def test_a_multistep_solver_forgets_another_path():
    step, levels = dpmpp_2m(), SCHEDULE.path(below(500, 6))
    first = last(solve(GAUSSIAN, noise(1, 3, 4, 4), levels, step))
    assert torch.equal(first, last(solve(GAUSSIAN, noise(1, 3, 4, 4), levels, step)))


def test_every_level_is_asked_once_and_reached_once():
    model, levels = Gaussian(torch.tensor(0.0)), SCHEDULE.path(below(500, 6))
    reached = []

    def after(x, level):
        reached.append(level)
        return x

    assert len(list(solve(model, noise(1, 3, 4, 4), levels, after=after))) == 6
    assert model.asked == levels[:-1]
    assert reached == levels[1:]


def test_asking_ahead_asks_the_level_gone_to_for_its_noise():
    model, levels = Gaussian(torch.tensor(0.0)), SCHEDULE.path([100, 200])
    x = noise(1, 3, 4, 4)
    moved = last(solve(model, x, levels, ask_ahead=True))
    assert model.asked == [levels[1]]
    eps = model(x, levels[1]).eps
    expected = levels[1].noised((x - levels[0].sigma * eps) / levels[0].alpha, eps)
    torch.testing.assert_close(moved, expected)


def test_gradients_flow_through_the_whole_path():
    x = noise(1, 1, 2, 2).double().requires_grad_()
    levels = SCHEDULE.path(below(500, 6))
    assert torch.autograd.gradcheck(lambda x: last(solve(GAUSSIAN, x, levels)), x)


@pytest.mark.parametrize("step", [ddim, dpmpp_2m()])
def test_a_batch_moves_as_its_pictures_do(step):
    x, levels = noise(3, 3, 4, 4), SCHEDULE.path(below(500, 6))
    model = with_variance(GAUSSIAN, 0.5, 0.1)
    together = last(solve(model, x, levels, step))
    alone = torch.cat([last(solve(model, row[None], levels, step)) for row in x])
    assert torch.equal(together, alone)


@pytest.mark.parametrize("kind", ["x0", "v", "score"])
def test_what_a_network_predicts_does_not_change_the_path(kind):
    said = {
        "x0": lambda level, pred: pred.x0,
        "v": lambda level, pred: level.alpha * pred.eps - level.sigma * pred.x0,
        "score": lambda level, pred: -pred.eps / level.sigma,
    }[kind]

    def denoise(x, level):
        return PREDICTIONS[kind](x, level, said(level, GAUSSIAN(x, level)))

    x, levels = noise(1, 3, 4, 4).double(), SCHEDULE.path(below(500, 6))
    for found, expected in zip(solve(denoise, x, levels), solve(GAUSSIAN, x, levels), strict=True):
        torch.testing.assert_close(found, expected)


def test_on_the_path_of_a_rectified_flow_ddim_is_eulers_step():
    here, there = Level(0.8, 0.2, 0.8), Level(0.5, 0.5, 0.5)
    x, v = noise(2, 1, 3, 4, 4).double().unbind()
    moved = ddim(x, PREDICTIONS["flow"](x, here, v), here, there)
    torch.testing.assert_close(moved, x + (there.t - here.t) * v)


@pytest.mark.parametrize("make", [ddim_eta, ancestral, euler_maruyama_vp])
def test_steps_with_noise_do_not_lead_up(make):
    levels = SCHEDULE.path(below(500, 6))[::-1]
    with pytest.raises(OptionError, match="without noise"):
        last(solve(GAUSSIAN, noise(1, 3, 4, 4), levels, make(NoiseStream([0]))))


@pytest.mark.parametrize(
    ("here", "there"),
    [
        SCHEDULE.path([500, 400]),
        (Level(0, 1, 9), Level(0, 1, 2)),
        (Level(0, 0.2, 0.8), Level(0, 0.7, 0.3)),
    ],
    ids=["preserving", "exploding", "straight"],
)
def test_the_posterior_variance_is_that_of_the_joint_gaussian_on_any_path(here, there):
    """Of the state `there` given the one `here`, both conditioned on x0."""
    ratio = here.alpha / there.alpha
    joint = ratio * there.sigma**2  # their covariance
    wanted = there.sigma**2 - joint**2 / here.sigma**2
    assert posterior_variance(here, there) == pytest.approx(wanted)


def test_a_path_of_one_level_is_refused():
    with pytest.raises(OptionError, match="two levels"):
        last(solve(GAUSSIAN, noise(1, 3, 4, 4), [CLEAN]))


def test_a_pull_moves_the_mean_by_the_variance():
    x, pull = noise(2, 1, 3, 4, 4).unbind()
    here, there = SCHEDULE.path([500, 400])
    plain = GAUSSIAN(x, here)
    steps = [ancestral(NoiseStream([0])) for _ in range(2)]
    free = steps[0](x, plain, here, there)
    led = steps[1](x, replace(plain, pull=pull), here, there)
    torch.testing.assert_close(led - free, posterior_variance(here, there) * pull)


def test_a_pull_leads_to_the_posterior_in_many_small_steps():
    """A likelihood's gradient, followed by the ancestral step, samples prior times likelihood."""
    s, r, y = 0.5, 0.4, 0.9
    prior = Gaussian(torch.tensor(0.0), s)

    def loss(x, pred, level):
        spread = s**2 * level.sigma**2 / prior.deviation(level) ** 2
        return ((y - pred.x0) ** 2 / (2 * (r**2 + spread))).flatten(1).sum(1)

    levels = SCHEDULE.path(range(999, -2, -1))
    found = last(solve(lead(prior, loss), noise(1, 1, 64, 64), levels, ancestral(NoiseStream([1]))))
    share = s**2 / (s**2 + r**2)
    assert spread(found) == pytest.approx((share * y, r * share**0.5), abs=0.02)


def test_a_step_to_the_picture_has_no_variance_but_what_it_is_given():
    here, there = SCHEDULE.path([0, -1])
    pred = GAUSSIAN(noise(1, 3, 4, 4), here)
    assert posterior(pred, here, there)[1] == -math.inf
    assert posterior(pred, here, there, least=1e-4)[1] == pytest.approx(math.log(1e-4))
