"""The paper's bound: its formula, the score it is given, and that measured distances keep it."""

import math

import pytest
import torch

from overpaint.core.prediction import from_eps
from overpaint.core.schedule import CLEAN, Level
from overpaint.core.solvers import last, solve
from overpaint.methods.drift import Drift, bound
from overpaint.methods.registry import Run, Task
from overpaint.methods.sdedit import Edit, Options
from overpaint.models.families.tiny import tiny, tiny_latent

from .test_diffusionclip import smooth
from .test_sdedit import GUIDE, model


def test_the_bound_is_the_propositions():
    log = math.log(0.01)
    expected = 4 * (5 * 4 + 48 + 2 * math.sqrt(-48 * log) - 2 * log)
    assert float(bound(5.0, 2.0, 48)) == pytest.approx(expected)


@pytest.mark.parametrize("alpha", [1.0, 0.5])
def test_the_largest_score_is_found_in_any_coordinates(alpha):
    scores = {2.0: 1.5, 1.0: 3.0, 0.3: 0.5}  # by noise
    levels = [*(Level(0, alpha, alpha * s) for s in scores), CLEAN]

    def known(x, level):
        sigma, eps = round(level.sigma / level.alpha, 6), torch.zeros_like(x)
        eps[:, 0] = scores[sigma] * sigma
        return from_eps(x, level, eps)

    drift = Drift()
    last(solve(drift.along(known), torch.zeros(2, 4), levels))
    expected = bound(3.0**2, 2.0, 4) / 4 * (256 / 8) ** 2
    assert drift.bound(8, 4).tolist() == pytest.approx([float(expected)] * 2)


@pytest.mark.parametrize("solver", ["ancestral", "ve", "ddim"])
@pytest.mark.parametrize("strength", [0.1, 0.4, 0.7])
def test_measured_distances_keep_to_it(solver, strength):
    run = Run(tuple(range(16)))
    edit = Edit(model(), Options(solver=solver, num_inference_steps=30))
    images, told = edit.made(Task(GUIDE), strength, run)
    apart = ((images - GUIDE) / 2).square().flatten(1).sum(1) * (256 / 16) ** 2
    assert float(apart.max()) < told


def test_after_repeats_none_is_told():
    _, told = Edit(model(), Options(repeats=2)).made(Task(smooth(0)), 0.2, Run())
    assert told is None


def test_of_latents_none_is_told():
    """Their distances are not those of pictures, which the proposition speaks of."""
    picture, quick = torch.zeros(1, 3, 16, 16), Options(num_inference_steps=2)
    for make, told in ((tiny, True), (tiny_latent, False)):
        with torch.no_grad():
            _, found = Edit(make(), quick).made(Task(picture), 0.2, Run())
        assert (found is not None) == told
