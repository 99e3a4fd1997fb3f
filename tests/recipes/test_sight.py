"""What CLIP is shown: the same views and the same patches of both pictures."""

import pytest
import torch

from overpaint.recipes.sight import VIEWS, patches, views

SOURCE = torch.rand(2, 3, 16, 20, generator=torch.Generator().manual_seed(0)) * 2 - 1


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def test_no_views_are_the_pictures_themselves_and_draw_nothing():
    draws = rng()
    before, after = views(SOURCE, -SOURCE, 0, draws)
    assert torch.equal(before, SOURCE)
    assert torch.equal(after, -SOURCE)
    assert torch.equal(draws.get_state(), rng().get_state())


def test_views_are_the_same_of_both_and_differ_among_themselves():
    before, after = views(SOURCE, SOURCE, 3, rng())
    assert before.shape == (6, 3, 16, 20)
    assert torch.equal(before, after)
    assert torch.equal(before, VIEWS(SOURCE.repeat(3, 1, 1, 1), rng()))
    assert not torch.equal(before[:2], before[2:4])


@pytest.mark.parametrize(("part", "side"), [(0.5, 8), (1.0, 16), (0.01, 1)])
def test_patches_are_squares_cut_from_the_pictures_in_the_same_places(part, side):
    places = torch.arange(16 * 20.0).view(1, 1, 16, 20).expand(2, 3, -1, -1)
    before, after = patches(places, places + 1000, 5, part, rng())
    assert before.shape == (10, 3, side, side)
    assert torch.equal(after, before + 1000)
    first = before[:, 0, 0, 0]
    offsets = torch.arange(side)[:, None] * 20 + torch.arange(side)
    assert torch.equal(before, (first.view(-1, 1, 1, 1) + offsets).expand(-1, 3, -1, -1))


def test_patches_reach_every_edge_and_stay_inside():
    places = torch.arange(16 * 20.0).view(1, 1, 16, 20)
    before, _ = patches(places, places, 500, 0.5, rng())
    rows, columns = (before[:, 0, 0, 0] / 20).long(), (before[:, 0, 0, 0] % 20).long()
    assert (int(rows.min()), int(rows.max())) == (0, 8)
    assert (int(columns.min()), int(columns.max())) == (0, 12)


def test_the_gradient_of_a_patch_reaches_the_pixels_it_was_cut_from():
    edited = SOURCE.clone().requires_grad_()
    _, after = patches(SOURCE, edited, 1, 0.5, rng())
    after.sum().backward()
    assert edited.grad.sum() == after.numel()
    assert edited.grad.max() == 1
