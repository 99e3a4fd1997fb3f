"""Compositing: patches lie where they were put, masks find them again, the rest keeps its bytes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from overpaint.data.compositing import grown, mask_between, pasted
from overpaint.data.images import Picture, read_image
from overpaint.errors import ImageReadError, OptionError

from .test_colour import WIDE

W, H = 24, 18


def picture(seed: int = 0) -> Picture:
    return Picture(np.random.default_rng(seed).integers(0, 200, (H, W, 3), dtype=np.uint8))


def patch(width: int, height: int, colour=(250, 210, 220)) -> Picture:
    """One colour, half of it seen."""
    alpha = np.zeros((height, width), np.uint8)
    alpha[:, : max(1, width // 2)] = 255
    return Picture(np.full((height, width, 3), colour, np.uint8), alpha)


@settings(max_examples=60, deadline=None)
@given(st.integers(-12, W - 1), st.integers(-12, H - 1), st.integers(1, 30), st.integers(1, 30))
def test_a_patch_lies_where_it_was_put_and_is_cut_off_at_the_edges(x, y, width, height):
    over = picture()
    wanted = np.zeros((H, W), bool)
    wanted[max(0, y) : max(0, y + height), max(0, x) : max(0, x + max(1, width // 2))] = True
    if not wanted.any():
        with pytest.raises(OptionError):
            pasted(patch(width, height), over, (x, y))
        return
    guide = pasted(patch(width, height), over, (x, y))
    image, mask = np.asarray(guide.image), np.asarray(guide.mask)
    assert np.array_equal(mask, np.where(wanted, 255, 0))
    assert (image[wanted] == (250, 210, 220)).all()
    assert np.array_equal(image[~wanted], over.pixels[~wanted])


def test_a_patch_is_scaled_with_its_shape_and_without_what_is_hidden_in_it():
    hidden = patch(8, 6)
    hidden.pixels[hidden.alpha == 0] = 0  # black under what is transparent must not shine through
    guide = pasted(hidden, picture(), (2, 3), width=16)
    image, mask = np.asarray(guide.image), np.asarray(guide.mask)
    assert (mask[3:15, 2:9] == 255).all()
    assert not mask[:, 12:].any()
    assert not mask[:3].any()
    assert not mask[15:].any()
    solid = mask > 250
    assert np.abs(image[solid].astype(int) - (250, 210, 220)).max() <= 4


def test_a_grown_mask_goes_round_the_patch_which_stays_as_it_is():
    plain, wide = (pasted(patch(8, 6), picture(), (5, 4), grow=grow) for grow in (0, 3))
    assert plain.image.tobytes() == wide.image.tobytes()
    assert np.array_equal(np.asarray(wide.mask), grown(np.asarray(plain.mask), 3))


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, H - 1), st.integers(0, W - 1)), min_size=1, max_size=4),
    st.integers(0, 9),
)
def test_a_mask_grows_by_a_disc(points, pixels):
    values = np.zeros((H, W), np.uint8)
    y, x = np.mgrid[:H, :W]
    wanted = values.copy()
    for k, (row, column) in enumerate(points):
        values[row, column] = max(values[row, column], 60 * (k + 1))
        near = (y - row) ** 2 + (x - column) ** 2 <= pixels**2
        wanted[near] = np.maximum(wanted[near], 60 * (k + 1))
    assert np.array_equal(grown(values, pixels), wanted)


@settings(max_examples=30, deadline=None)
@given(st.integers(-4, W - 2), st.integers(-4, H - 2), st.integers(5, 12), st.integers(5, 12))
def test_the_mask_of_what_was_pasted_is_found_from_the_two_pictures(x, y, width, height):
    over = picture()
    if x + width // 2 <= 0 or y + height <= 0:
        return
    guide = pasted(patch(width, height), over, (x, y))
    found = mask_between(Picture(np.asarray(guide.image)), over)
    assert np.array_equal(np.asarray(found), np.asarray(guide.mask))


def test_small_differences_are_none_and_the_threshold_says_which():
    one = Picture(np.full((H, W, 3), 100, np.uint8))
    other = Picture(one.pixels.copy())
    other.pixels[3, 4, 1] += 10
    other.pixels[7, 8, 2] += 40
    assert np.argwhere(mask_between(other, one)).tolist() == [[7, 8]]
    assert len(np.argwhere(mask_between(other, one, threshold=9))) == 2
    with pytest.raises(ImageReadError, match="more than 40") as caught:
        mask_between(other, one, threshold=40)
    assert "below 40" in caught.value.hint


def test_what_became_transparent_is_found_too():
    clear = Picture(np.full((H, W, 3), 255, np.uint8), np.zeros((H, W), np.uint8))
    white = np.zeros((H, W), np.uint8)
    white[2:5, 2:5] = 255
    found = mask_between(Picture(clear.pixels, white), clear)
    assert np.array_equal(np.asarray(found), white)
    with pytest.raises(ImageReadError, match="is transparent"):
        mask_between(clear, picture())


def test_profiles_of_both_are_heeded_and_that_of_the_picture_is_kept(encoded):
    over = read_image(encoded(np.full((H, W, 3), 100, np.uint8), icc_profile=WIDE))
    green = read_image(encoded(np.full((4, 4, 3), (90, 200, 90), np.uint8), icc_profile=WIDE))
    assert over.profile is not None
    guide = pasted(green, over, (3, 3))
    assert guide.image.info["icc_profile"] == WIDE
    image, inside = np.asarray(guide.image), np.asarray(guide.mask) > 0
    assert (image[~inside] == 100).all()
    shown = over.profile.to_srgb(image)[inside].astype(int)
    assert np.abs(shown - green.srgb()[0, 0]).max() <= 2


def test_a_patch_on_what_is_transparent_is_seen():
    clear = Picture(np.zeros((H, W, 3), np.uint8), np.zeros((H, W), np.uint8))
    guide = pasted(patch(6, 6), clear, (1, 1))
    assert np.array_equal(np.asarray(guide.image)[..., 3], np.asarray(guide.mask))


@pytest.mark.parametrize("at", [(W, 0), (0, H), (-6, 0), (0, -6), (10**12, 0), (0, -(10**12))])
def test_a_patch_beside_the_picture_is_refused(at):
    with pytest.raises(OptionError, match="beside the picture"):
        pasted(patch(6, 6), picture(), at)


@pytest.mark.parametrize("width", [0, -3, 10**6, 10**12])
def test_a_patch_without_a_sensible_size_is_refused(width):
    with pytest.raises(OptionError, match="the patch would be"):
        pasted(patch(6, 6), picture(), (0, 0), width=width)


def test_nothing_to_see_is_refused():
    clear = Picture(np.zeros((4, 4, 3), np.uint8), np.zeros((4, 4), np.uint8))
    with pytest.raises(OptionError, match="nothing of the patch"):
        pasted(clear, picture(), (0, 0))
    with pytest.raises(OptionError, match="0 to 256 pixels, got -1"):
        pasted(patch(4, 4), picture(), (0, 0), grow=-1)
