"""Zoom: a small mask is large to the model, and outside it no byte differs."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from overpaint.data.canvas import extended
from overpaint.data.images import Picture, read_image
from overpaint.data.masking import LEAST, Mask, seen, too_small
from overpaint.data.placement import fit
from overpaint.data.zooming import MARGIN, SMALL, wanted, zoomed
from overpaint.errors import OptionError

SIZE = 16


def picture(width: int, height: int, channels: int = 3) -> Picture:
    rng = np.random.default_rng(width)
    return read_image(rng.integers(0, 256, (height, width, channels), dtype=np.uint8))


def box(width: int, height: int, left: int, top: int, right: int, bottom: int) -> Mask:
    values = np.zeros((height, width), np.uint8)
    values[top:bottom, left:right] = 255
    return Mask(values)


def noise() -> torch.Tensor:
    return torch.rand(3, SIZE, SIZE, generator=torch.Generator().manual_seed(1)) * 2 - 1


@st.composite
def boxes(draw) -> tuple[Picture, Mask]:
    width, height = draw(st.integers(1, 90)), draw(st.integers(1, 90))
    left, top = draw(st.integers(0, width - 1)), draw(st.integers(0, height - 1))
    right, bottom = draw(st.integers(left + 1, width)), draw(st.integers(top + 1, height))
    return picture(width, height, 4), box(width, height, left, top, right, bottom)


@settings(max_examples=60, deadline=None)
@given(boxes(), st.booleans())
def test_outside_the_mask_no_byte_differs_and_inside_it_every_pixel_is_edited(drawn, detail):
    found, mask = drawn
    x, placement = zoomed(found, mask, SIZE)
    assert x.shape == (1, 3, SIZE, SIZE)
    white = torch.ones(3, SIZE, SIZE)
    image = np.asarray(placement.paste(white, mask=mask.values, detail=detail))
    outside = mask.values == 0
    assert np.array_equal(image[outside][:, :3], found.pixels[outside])
    assert np.array_equal(image[..., 3], found.alpha)
    if not detail:  # to the very border of mask and picture
        assert (image[~outside][:, :3] == 255).all()


@settings(max_examples=60, deadline=None)
@given(boxes())
def test_the_square_holds_the_mask_with_room_where_the_picture_has_it(drawn):
    found, mask = drawn
    _, placement = zoomed(found, mask, SIZE)
    square, (width, height) = placement.square, found.size
    left, top, right, bottom = square.bounds()
    ys, xs = np.nonzero(mask.values)
    assert left <= xs.min() <= xs.max() < right
    assert top <= ys.min() <= ys.max() < bottom
    assert square.side <= max(width, height)
    assert square.side >= min(SIZE, max(width, height) / 4)
    for (start, end), span, length in (
        ((left, right), (xs.min(), xs.max() + 1), width),
        ((top, bottom), (ys.min(), ys.max() + 1), height),
    ):
        if square.side <= length:
            assert 0 <= start < end <= length
        for room, possible in ((span[0] - start, span[0]), (end - span[1], length - span[1])):
            assert room >= min(MARGIN * (span[1] - span[0]), possible) - 1


def test_at_its_own_scale_the_model_sees_the_pixels_themselves():
    found = picture(200, 120)
    x, placement = zoomed(found, box(200, 120, 50, 60, 56, 64), SIZE)
    assert placement.square.side == SIZE  # not magnified, though the mask is smaller than half
    shown = (x[0].permute(1, 2, 0) * 127.5 + 127.5).round().numpy()
    left, top, right, bottom = placement.square.bounds()
    assert np.array_equal(shown, found.pixels[top:bottom, left:right])
    back = placement.paste(x, mask=np.full((120, 200), 255, np.uint8), detail=False)
    assert np.abs(np.asarray(back).astype(int) - found.pixels).max() <= 1


def test_a_small_picture_is_magnified_four_times_at_most():
    assert zoomed(picture(16, 12), box(16, 12, 3, 3, 4, 4), SIZE)[1].square.side == 4
    assert zoomed(picture(32, 12), box(32, 12, 3, 3, 4, 4), SIZE)[1].square.side == 8
    assert zoomed(picture(640, 12), box(640, 12, 3, 3, 4, 4), SIZE)[1].square.side == 16


def test_the_margin_is_a_choice():
    found, mask = picture(200, 200), box(200, 200, 80, 80, 120, 120)
    sides = [zoomed(found, mask, SIZE, margin=m)[1].square.side for m in (0, 0.25, 0.4)]
    assert sides == [40, 80, 200]
    for margin in (-0.1, 0.5, float("nan")):
        with pytest.raises(OptionError, match="margin"):
            zoomed(found, mask, SIZE, margin=margin)


def test_auto_zooms_where_the_mask_is_too_small_and_a_zoom_helps():
    found = picture(200, 200)
    _, whole = fit(found, SIZE)
    assert wanted(box(200, 200, 0, 0, 49, 49), whole, SIZE)  # under a quarter of the side
    assert not wanted(box(200, 200, 0, 0, 50, 50), whole, SIZE)
    assert not wanted(box(200, 200, 0, 99, 200, 100), whole, SIZE)  # a zoom shows no more of a line
    assert not wanted(Mask(np.zeros((200, 200), np.uint8)), whole, SIZE)
    assert SMALL**2 > LEAST


def test_a_mask_counts_in_the_models_pixels_and_a_zoom_makes_it_more():
    found, mask = picture(160, 160), box(160, 160, 40, 40, 50, 50)
    _, whole = fit(found, SIZE)
    _, near = zoomed(found, mask, SIZE)
    assert seen(mask.values, whole) == 1
    assert seen(mask.values // 2, whole) == 0
    assert seen(mask.values, near) > 20
    assert "too few" in too_small(mask, whole)
    assert "--zoom auto" in too_small(mask, whole)
    assert too_small(mask, near) is None
    assert too_small(Mask(np.zeros((160, 160), np.uint8)), whole) is None
    dot = box(160, 160, 40, 40, 41, 41)
    assert "larger mask" in too_small(dot, zoomed(found, dot, SIZE)[1])
    assert "--mask" in too_small(mask, whole, alone=False)  # --zoom auto looks at all of them


@settings(max_examples=40, deadline=None)
@given(st.integers(20, 60), st.integers(20, 60), st.sampled_from(["left", "right"]))
def test_a_new_strip_is_shown_with_what_it_goes_on_from(width, height, side):
    assume(width >= height)
    after, mask = extended(picture(width, height), {side: 0.25})
    _, placement = zoomed(after, mask, SIZE)
    strip = after.size[0] - width
    assert placement.square.side == max(height, 2 * strip)
    left, _, right, _ = placement.square.bounds()
    assert (left == 0) if side == "left" else (right == after.size[0])


def test_an_edit_is_laid_down_without_a_fade():
    found, mask = picture(90, 60), box(90, 60, 0, 0, 20, 20)
    _, placement = zoomed(found, mask, SIZE)
    row = np.asarray(placement.paste(torch.ones(3, SIZE, SIZE), mask=mask.values, detail=False))
    assert (row[0, :20] == 255).all()
    steps = [len({tuple(pixel) for pixel in pair}) for pair in pairwise(row[0, :20])]
    assert set(steps) == {1}
