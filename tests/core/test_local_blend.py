"""Outside what words look at, targets are their sources."""

import pytest
import torch

from overpaint.core.heat import Heat
from overpaint.core.local_blend import Cut, LocalBlend, shared
from overpaint.core.schedule import NoiseSchedule, below
from overpaint.errors import OptionError

LEVELS = NoiseSchedule.linear().path(below(900, 10))
SIZE = (16, 24)


def heated(*places, groups=1):
    """Heat of two rows on a grid of 4 x 6, at these (row, group, y, x)."""
    heat, maps = Heat(torch.zeros(2, 5, groups), 4), torch.zeros(2, groups, 4, 6)
    for place in places:
        maps[place] = 1.0
    heat.add(maps)
    return heat


def blending(heat, *cuts, **options):
    return LocalBlend(heat, [0, 0], LEVELS, cuts=cuts or (Cut(pooled=False),), **options)


def states():
    return torch.randn(2, 4, *SIZE, generator=torch.Generator().manual_seed(0))


def test_outside_the_mask_a_target_is_its_source_exactly():
    x, blend = states(), blending(heated((1, 0, 1, 2)))
    found = blend(x, LEVELS[5])
    inside = blend.mask.expand_as(x)[1] == 1
    assert 0 < inside.float().mean() < 0.2
    assert torch.equal(found[0], x[0])
    assert torch.equal(found[1][inside], x[1][inside])
    assert torch.equal(found[1][~inside], x[0][~inside])


def test_a_target_may_change_where_its_source_s_words_are():
    blend = blending(heated((0, 0, 0, 0), (1, 0, 3, 5)), Cut(pooled=False, smooth=False))
    blend(states(), LEVELS[5])
    assert blend.mask[1, 0, :4, :4].all()
    assert blend.mask[1, 0, -4:, -4:].all()
    assert blend.mask[1].sum() == 32
    assert blend.mask[0].sum() == 16


def test_words_that_are_subtracted_stay_whatever_others_say():
    cuts = (Cut(pooled=True, smooth=False), Cut(pooled=False, subtracted=True, smooth=False))
    blend = blending(heated((1, 0, 1, 2), (1, 1, 1, 2), groups=2), *cuts)
    blend(states(), LEVELS[5])
    assert blend.mask[1, 0, 4:8, 8:12].sum() == 0
    assert blend.mask[1].sum() == (9 - 1) * 16


def test_it_begins_once_a_part_of_the_path_is_done():
    x = states()
    blend = blending(heated((1, 0, 1, 2)), start=0.3)
    acts = [not torch.equal(blend(x, level), x) for level in LEVELS]
    assert acts == [False] * 4 + [True] * 7


def test_each_pair_is_judged_by_itself():
    maps = torch.rand(4, 1, 4, 6, generator=torch.Generator().manual_seed(0))
    x = states().repeat(2, 1, 1, 1)
    heat = Heat(torch.zeros(4, 5, 1), 4)
    heat.add(maps)
    both = LocalBlend(heat, [0, 1, 0, 1], LEVELS, cuts=(Cut(0.6),))(x, LEVELS[5])
    for pair in ([0, 2], [1, 3]):
        alone = Heat(torch.zeros(2, 5, 1), 4)
        alone.add(1e-3 * maps[pair])  # only its own largest value counts
        blend = LocalBlend(alone, [0, 0], LEVELS, cuts=(Cut(0.6),))
        assert torch.equal(blend(x[pair], LEVELS[5]), both[pair])


def test_a_threshold_may_be_found_in_the_maps():
    def middle(maps):
        assert maps.shape == (2, 1, *SIZE)
        return maps.amax(dim=(2, 3), keepdim=True) / 2

    one, other = heated((1, 0, 1, 2)), heated((1, 0, 1, 2))
    found, expected = (
        blending(heat, Cut(threshold, pooled=False)).region(SIZE)
        for heat, threshold in ((one, middle), (other, 0.5))
    )
    assert torch.equal(found, expected)


def test_no_heat_is_an_empty_mask_and_before_any_call_states_are_left_alone():
    heat, x = Heat(torch.zeros(2, 5, 1), 4), states()
    before = blending(heat)
    assert torch.equal(before(x, LEVELS[5]), x)
    assert before.mask is None
    with pytest.raises(OptionError, match="not under control"):
        before.region(SIZE)
    heat.add(torch.zeros(2, 1, 4, 6))
    found = blending(heat)(states(), LEVELS[5])
    assert torch.equal(found[1], found[0])


def test_states_are_shared_for_the_first_part_of_a_path():
    x, after = states(), shared([0, 0], LEVELS, 0.3)
    same = [torch.equal(found[0], found[1]) for found in (after(x, lv) for lv in LEVELS[1:])]
    assert same == [True] * 3 + [False] * 7
