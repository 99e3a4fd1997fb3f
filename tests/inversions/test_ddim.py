"""Walking up and down again comes back."""

import pytest
import torch

from overpaint.core.prediction import from_eps
from overpaint.core.schedule import CLEAN, NoiseSchedule, below, official
from overpaint.core.solvers import dpmpp_2m, last, solve
from overpaint.inversions.ddim import ddim
from overpaint.inversions.trajectory import replay

from ..gaussian import Gaussian

SCHEDULE = NoiseSchedule.linear()
MODEL = Gaussian(torch.tensor(0.3))
X0 = 0.3 + 0.5 * torch.randn(2, 3, 4, 4, generator=torch.Generator().manual_seed(0))
EPS = X0.flip(0).double()


def constant(x, level):
    return from_eps(x, level, EPS)


def gap(levels_up, levels_down, **options):
    found = last(solve(MODEL, ddim(MODEL, X0, levels_up, **options).noise, levels_down))
    return (found - X0).abs().mean().item()


def test_a_trajectory_holds_every_level_from_the_picture_on():
    levels = SCHEDULE.path(below(500, 8))
    trajectory = ddim(MODEL, X0, levels)
    assert list(trajectory.states) == levels[::-1]
    assert trajectory.levels == tuple(levels)
    assert trajectory.states[CLEAN] is X0
    assert trajectory.noise is trajectory.states[levels[0]]


def test_the_first_move_up_from_clean_adds_the_predicted_noise():
    levels = SCHEDULE.path(below(500, 8))
    model = Gaussian(torch.tensor(0.3))
    first = ddim(model, X0, levels, ask_ahead=False).states[levels[-2]]
    assert model.asked[0] == CLEAN
    torch.testing.assert_close(first, levels[-2].noised(X0, torch.zeros_like(X0)))


def test_moves_are_asked_at_the_lower_level_or_ahead():
    levels = SCHEDULE.path(below(500, 8))
    for ask_ahead, asked in [(False, levels[:0:-1]), (True, levels[-2::-1])]:
        model = Gaussian(torch.tensor(0.3))
        ddim(model, X0, levels, ask_ahead=ask_ahead)
        assert model.asked == asked


@pytest.mark.parametrize("ask_ahead", [False, True])
def test_the_round_trip_closes_as_the_grid_gets_finer(ask_ahead):
    coarse, fine = (SCHEDULE.path(below(500, n)) for n in (40, 400))
    wide = gap(coarse, coarse, ask_ahead=ask_ahead)
    assert wide < 0.03
    assert gap(fine, fine, ask_ahead=ask_ahead) < wide / 8


def test_a_network_that_always_says_the_same_noise_is_inverted_exactly():
    levels = SCHEDULE.path(below(999, 30))
    trajectory = ddim(constant, X0.double(), levels)
    torch.testing.assert_close(trajectory.noise, levels[0].noised(X0.double(), EPS))
    torch.testing.assert_close(last(replay(trajectory, constant)), X0.double())


def test_the_official_grid_leaves_the_noise_of_its_first_level_unadded():
    """It takes the picture for the state at time 0, and yet generates down to -1."""
    levels, first = SCHEDULE.path(official(500, 40)), SCHEDULE.at(0)
    trajectory = ddim(constant, X0.double(), levels)
    found = last(solve(constant, trajectory.noise, [*levels, CLEAN]))
    torch.testing.assert_close(found, (X0 - first.sigma * EPS) / first.alpha)


def test_a_replay_can_take_another_denoiser_step_and_mask():
    levels = SCHEDULE.path(below(500, 20))
    trajectory = ddim(MODEL, X0, levels)
    other = Gaussian(torch.tensor(-0.5))
    edited = last(replay(trajectory, other, step=dpmpp_2m()))
    exact = other.flow(MODEL.flow(X0.double(), CLEAN, levels[0]), levels[0], CLEAN)
    assert (edited - exact).abs().mean() < 0.05
    kept = last(replay(trajectory, other, after=lambda x, level: trajectory.states[level]))
    assert torch.equal(kept, X0)


def test_no_gradient_is_kept_and_progress_is_told():
    seen = []

    def watch(items, total, label, /):
        for item in items:
            seen.append((total, label))
            yield item

    levels = SCHEDULE.path(below(500, 8))
    trajectory = ddim(MODEL, X0.clone().requires_grad_(), levels, watch=watch)
    assert not trajectory.noise.requires_grad
    assert seen == [(8, "inverting")] * 8
