"""True regions: all that an edit visibly changes, and only what it changes."""

from dataclasses import replace

import numpy as np
import pytest

from overpaint.portraits.regions import VISIBLE, true_region
from overpaint.portraits.render import masks, render
from overpaint.portraits.scene import Scene, counterfactual

SIZE = 32
PERSON = Scene(hair="black", hair_style="long", background="grey")
EDITS = {
    "hair": {"hair": "red"},
    "headwear": {"headwear": "top hat"},
    "eyewear": {"eyewear": "glasses"},
    "facial_hair": {"facial_hair": "beard"},
    "background": {"background": "green"},
}


@pytest.fixture(scope="module", params=EDITS.values(), ids=EDITS)
def edit(request):
    return counterfactual(PERSON, **request.param)


def test_the_true_pixels_of_the_region_alone_make_the_edit_to_what_is_visible(edit):
    region = true_region(PERSON, edit, SIZE)
    before, after = render(PERSON, SIZE), render(edit, SIZE)
    made = np.where(region[..., None], after, before)
    assert 0 < region.sum() < region.size
    assert np.abs(made.astype(int) - after).max() <= VISIBLE


def test_every_pixel_of_the_region_changes_visibly(edit):
    changed = np.abs(render(edit, SIZE).astype(int) - render(PERSON, SIZE)).max(2)
    assert changed[true_region(PERSON, edit, SIZE)].min() > VISIBLE


def test_a_region_is_the_same_both_ways(edit):
    there, back = true_region(PERSON, edit, SIZE), true_region(edit, PERSON, SIZE)
    assert np.array_equal(there, back)


def test_the_region_of_another_background_is_where_the_background_shows():
    region = true_region(PERSON, replace(PERSON, background="green"), SIZE)
    cover = masks(PERSON, SIZE)["background"]
    assert region[cover == 255].all()
    assert not region[cover == 0].any()


def test_what_cannot_be_seen_has_no_region():
    robot = Scene(kind="robot")
    for change in ({}, {"facial_hair": "beard"}, {"skin": "dark"}):
        assert not true_region(robot, counterfactual(robot, **change), SIZE).any()


def test_a_region_has_the_size_asked_for():
    other = replace(PERSON, background="green")
    assert true_region(PERSON, other, 48).shape == (48, 48)
    assert true_region(PERSON, other).shape == (64, 64)
