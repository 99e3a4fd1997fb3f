"""Every move up is solved, so the way back retraces it."""

import pytest
import torch

from overpaint.core.prediction import from_eps
from overpaint.core.schedule import CLEAN, NoiseSchedule, below
from overpaint.core.solvers import last
from overpaint.inversions.ddim import ddim
from overpaint.inversions.fixed_point import fixed_point
from overpaint.inversions.trajectory import replay

from ..gaussian import Gaussian

SCHEDULE = NoiseSchedule.linear()
LEVELS = SCHEDULE.path(below(500, 12))
X0 = 0.3 + 0.5 * torch.randn(2, 3, 4, 4, generator=torch.Generator().manual_seed(0))


def model():
    return Gaussian(torch.tensor(0.3))


def error(trajectory):
    return float((last(replay(trajectory, model())) - X0).abs().mean())


def test_the_round_trip_closes_ever_better_with_iterations():
    errors = [error(fixed_point(model(), X0, LEVELS, iterations=k)) for k in (1, 2, 4, 12)]
    plain = error(ddim(model(), X0, LEVELS))
    assert [plain, *errors] == sorted([plain, *errors], reverse=True)
    assert errors[1] < plain / 5
    assert errors[-1] < 1e-5


def test_the_residual_is_what_a_move_leaves_unsolved():
    residuals = [fixed_point(model(), X0, LEVELS, iterations=k).residual for k in (1, 2, 4, 12)]
    assert residuals == sorted(residuals, reverse=True)
    assert residuals[-1] < 1e-6 < residuals[0]
    assert ddim(model(), X0, LEVELS).residual is None


@pytest.mark.parametrize("iterations", [1, 3])
def test_a_move_costs_as_many_calls_as_iterations(iterations):
    counted = model()
    trajectory = fixed_point(counted, X0, LEVELS, iterations=iterations)
    assert len(counted.asked) == 1 + iterations * (len(LEVELS) - 1)
    assert counted.asked[0] == CLEAN
    assert list(trajectory.states) == LEVELS[::-1]
    assert trajectory.noise is trajectory.states[LEVELS[0]]


def test_a_picture_whose_moves_do_not_contract_keeps_the_plain_steps():
    """Row 0 asks a gentle network, row 1 one so steep that substitution runs away."""
    slope = torch.tensor([0.1, 40.0]).view(2, 1, 1, 1)

    def steep(x, level):
        return from_eps(x, level, slope * x.sin())

    found = fixed_point(steep, X0, LEVELS, iterations=6)
    assert torch.isfinite(found.noise).all()
    alone = fixed_point(lambda x, level: from_eps(x, level, 0.1 * x.sin()), X0[:1], LEVELS)
    assert (found.noise[:1] - alone.noise).abs().max() < 1e-3
    retraced = last(replay(found, steep))
    assert (retraced[0] - X0[0]).abs().mean() < 1e-4
    assert found.residual > 0.1  # what it says of the other


def test_a_network_that_returns_no_number_is_not_hidden():
    def broken(x, level):
        return from_eps(x, level, x / 0)

    assert not torch.isfinite(fixed_point(broken, X0, LEVELS).noise).all()
