"""What lies outside a mask stays what it was."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from overpaint.core.masks import (
    blend,
    dilated,
    graded,
    keep_outside,
    keep_trajectory,
    paste_back,
    shrinking,
)
from overpaint.core.rng import NoiseStream
from overpaint.core.schedule import NoiseSchedule, below
from overpaint.core.solvers import last, solve
from overpaint.inversions.ddim import ddim

from ..gaussian import Gaussian

SCHEDULE = NoiseSchedule.linear()
LEVELS = SCHEDULE.path(below(500, 8))
MODEL = Gaussian(torch.tensor(0.3))


def noise(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


@pytest.fixture
def mask():
    return (noise(2, 1, 8, 8, seed=5) > 0).float()


def test_blending_is_exact_at_both_ends(mask):
    inside, outside = noise(2, 3, 8, 8), 1e4 * noise(2, 3, 8, 8, seed=1)
    found, where = blend(inside, outside, mask), mask.expand(2, 3, 8, 8) == 1
    assert torch.equal(found[where], inside[where])
    assert torch.equal(found[~where], outside[~where])


@pytest.mark.parametrize("fresh", [True, False])
def test_keep_outside_returns_the_picture_exactly(mask, fresh):
    x0, start = noise(2, 3, 8, 8), noise(2, 3, 8, 8, seed=1)
    after = keep_outside(x0, mask, NoiseStream([0, 1]), fresh=fresh)
    found = last(solve(MODEL, start, LEVELS, after=after))
    assert torch.equal(found * (1 - mask), x0 * (1 - mask))
    assert not torch.equal(found * mask, x0 * mask)


def test_keep_outside_noises_the_picture_to_the_level_reached():
    x0, level = torch.full((1, 1, 160, 160), 0.7), LEVELS[2]
    after = keep_outside(x0, torch.zeros(1, 1, 160, 160), NoiseStream([0]))
    found = after(torch.zeros_like(x0), level)
    assert found.mean().item() == pytest.approx(level.alpha * 0.7, abs=0.01)
    assert found.std().item() == pytest.approx(level.sigma, abs=0.01)


def test_shared_noise_is_drawn_once_and_fresh_noise_each_time():
    x0, nothing = torch.zeros(1, 3, 8, 8), torch.zeros(1, 1, 8, 8)
    for fresh in (False, True):
        after = keep_outside(x0, nothing, NoiseStream([0]), fresh=fresh)
        first, second = (after(x0, level) / level.sigma for level in LEVELS[:2])
        assert torch.allclose(first, second) != fresh


def test_keep_trajectory_returns_the_inverted_picture_exactly(mask):
    x0 = noise(2, 3, 8, 8)
    trajectory = ddim(MODEL, x0, LEVELS)
    other = Gaussian(torch.tensor(-0.5))
    after = keep_trajectory(trajectory.states, mask)
    found = last(solve(other, trajectory.noise, LEVELS, after=after))
    assert torch.equal(found * (1 - mask), x0 * (1 - mask))


@settings(deadline=None, max_examples=50)
@given(seed=st.integers(0, 2**31), threshold=st.floats(0, 1))
def test_pasting_back_changes_no_byte_outside(seed, threshold):
    generator = torch.Generator().manual_seed(seed)
    original, edited = torch.randint(
        0, 256, (2, 9, 7, 3), generator=generator, dtype=torch.uint8
    ).unbind()
    mask = (torch.rand(9, 7, 1, generator=generator) - threshold).clamp(0, 1)
    found = paste_back(original, edited, mask)
    outside, inside = (mask == value for value in (0, 1))
    assert found.dtype == torch.uint8
    assert torch.equal(found * outside, original * outside)
    assert torch.equal(found * inside, edited * inside)
    assert torch.equal(paste_back(original, original, mask), original)


def test_a_dilated_mask_grows_to_every_side_and_stays_soft():
    mask = torch.zeros(1, 1, 9, 9)
    mask[..., 4, 4] = 0.6
    grown = dilated(mask, 2)
    expected = torch.zeros(1, 1, 9, 9)
    expected[..., 2:7, 2:7] = 0.6
    assert torch.equal(grown, expected)
    assert torch.equal(dilated(mask, 0), mask)


def test_a_shrinking_mask_is_wide_first_and_exact_last_in_equal_parts():
    mask = torch.zeros(1, 1, 15, 15)
    mask[..., 7, 7] = 1
    levels = SCHEDULE.path(below(500, 11))
    by_level = shrinking(mask, levels, 3)
    sides = [int(by_level(level).sum().sqrt()) for level in levels]
    assert sides == [7, 7, 7, 5, 5, 5, 3, 3, 3, 1, 1, 1]
    for few in (1, 2):  # steps, fewer than there are sizes
        path = SCHEDULE.path(below(500, few))
        assert torch.equal(shrinking(mask, path, 3)(path[-1]), mask)


def test_a_shrinking_mask_is_measured_in_pixels_whatever_the_space():
    mask = torch.zeros(1, 1, 16, 16)
    mask[..., 8, 8] = 1
    by_level = shrinking(mask, LEVELS, 2, lambda mask: mask[..., ::2, ::2])
    assert by_level(LEVELS[0]).shape == (1, 1, 8, 8)
    assert by_level(LEVELS[0]).sum() == 9  # of 5 x 5 pixels, those in even rows and columns


@pytest.mark.parametrize("make", [shrinking, graded])
def test_the_outside_of_a_mask_that_changes_is_the_picture_exactly(mask, make):
    x0, start = noise(2, 3, 8, 8), noise(2, 3, 8, 8, seed=1)
    by_level = shrinking(mask, LEVELS, 2) if make is shrinking else graded(mask, 500)
    found = last(solve(MODEL, start, LEVELS, after=keep_outside(x0, by_level, NoiseStream([0, 1]))))
    assert torch.equal(found * (1 - mask), x0 * (1 - mask))
    assert not torch.allclose(found * mask, x0 * mask, atol=0.1)


def test_a_graded_mask_holds_each_pixel_down_to_its_own_level():
    mask = torch.tensor([0, 0.25, 0.5, 1.0]).view(1, 1, 1, 4)
    by_level = graded(mask, 400)
    expected = {399: [0, 0, 0, 1], 200: [0, 0, 1, 1], 100: [0, 1, 1, 1], -1: [0, 1, 1, 1]}
    for time, row in expected.items():
        assert by_level(SCHEDULE.at(time)).flatten().tolist() == row


def test_a_graded_pixel_keeps_more_of_the_picture_the_darker_it_is():
    x0, t0 = torch.full((64, 1, 1, 3), 2.0), 900
    levels = SCHEDULE.path(below(t0, 30))
    mask = torch.tensor([0.2, 0.6, 1.0]).view(1, 1, 1, 3)
    rng = NoiseStream(range(64))
    start = levels[0].noised(x0, rng.randn_like(x0))
    after = keep_outside(x0, graded(mask, t0), rng)
    moved = (last(solve(MODEL, start, levels, after=after)) - x0).abs().mean(0).flatten()
    assert moved[0] < moved[1] < moved[2]
