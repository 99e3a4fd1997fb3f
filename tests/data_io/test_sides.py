"""Pictures of any shape in a model's frame: never stretched, filled up at the edges, cut back."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from overpaint.data.images import read_image
from overpaint.data.masking import read_mask, too_small
from overpaint.data.placement import fit
from overpaint.data.where import Where
from overpaint.data.windows import Window
from overpaint.models.sides import Sides

SIDES = Sides(multiple=8, square=64)
SD, XL = Sides(64, 512), Sides(32, 1024)
side = st.integers(1, 400)


def disc(size, box):
    """A white disc on grey, and where it is."""
    picture, mask = Image.new("RGB", size, "grey"), Image.new("L", size)
    ImageDraw.Draw(picture).ellipse(box, fill="white")
    ImageDraw.Draw(mask).ellipse(box, fill=255)
    return picture, mask


def extent(values):
    """Rows and columns that a picture's bright part takes."""
    return [int(np.ptp(np.flatnonzero(values.any(axis)))) + 1 for axis in (1, 0)]


@settings(max_examples=200, deadline=None)
@given(side, side, st.sampled_from([SIDES, Sides(16, 64), Sides(4, 16, 48), Sides(12, 60, 84)]))
def test_the_aspect_is_kept_and_the_canvas_is_one_that_the_model_takes(width, height, sides):
    (w, h), canvas = sides.around((width, height))
    scale = max(w, h) / max(width, height)
    assert abs(w - scale * width) <= 1
    assert abs(h - scale * height) <= 1
    most = sides.longest or 2 * sides.square
    for inner, outer in zip((w, h), canvas, strict=True):
        assert outer % sides.multiple == 0
        assert inner <= outer <= max(most, inner)
        assert outer - inner < sides.multiple or outer < sides.square // 2 + sides.multiple
    if scale < 1:
        assert w * h <= 1.02 * sides.square**2 + max(w, h)


@pytest.mark.parametrize(
    ("sides", "size", "inner", "canvas"),
    [
        (SD, (512, 512), (512, 512), (512, 512)),
        (SD, (4000, 4000), (512, 512), (512, 512)),
        (SD, (100, 100), (512, 512), (512, 512)),
        (SD, (500, 375), (500, 375), (512, 384)),  # its own pixels
        (SD, (1600, 1200), (576, 432), (576, 448)),
        (SD, (1200, 1600), (432, 576), (448, 576)),
        (SD, (4000, 10), (1024, 3), (1024, 256)),
        (XL, (1920, 1080), (1344, 756), (1344, 768)),
        (Sides(16, 1024, 1536), (5000, 1000), (1536, 307), (1536, 512)),
    ],
)
def test_sizes_are_as_the_models_were_trained(sides, size, inner, canvas):
    assert sides.around(size) == (inner, canvas)


@pytest.mark.parametrize("size", [(90, 40), (40, 90), (300, 180), (60, 60)])
def test_a_disc_stays_a_disc_and_its_mask_lies_on_it(size):
    width, height = size
    box = (width // 4, height // 4, width // 4 + min(size) // 2, height // 4 + min(size) // 2)
    picture, mask = disc(size, box)
    x, placement = fit(read_image(picture), SIDES)
    seen = (x[0].mean(0) > 0.6).numpy()
    tall, broad = extent(seen)
    assert abs(tall - broad) <= 1
    where = placement.fit_mask(np.asarray(mask))
    assert where.shape[-2:] == x.shape[-2:]
    found = (where[0, 0] > 0.5).numpy()
    assert (seen & found).sum() / (seen | found).sum() > 0.85
    assert not (seen & ~found).any()


@settings(max_examples=40, deadline=None)
@given(side, side, st.booleans())
def test_an_edit_that_changes_nothing_gives_the_original(width, height, masked):
    pixels = np.random.default_rng(width).integers(0, 256, (height, width, 3), dtype=np.uint8)
    x, placement = fit(read_image(pixels), SIDES)
    mask = np.full((height, width), 128, np.uint8) if masked else None
    pasted = placement.paste(x[0], mask=mask)
    assert pasted.size == (width, height)
    assert np.array_equal(np.asarray(pasted), pixels)


def test_own_pixels_are_edited_one_by_one():
    pixels = np.random.default_rng(0).integers(0, 256, (41, 70, 3), dtype=np.uint8)
    x, placement = fit(read_image(pixels), SIDES)
    assert x.shape == (1, 3, 48, 72)
    left, top, right, bottom = placement.box
    assert (right - left, bottom - top) == (70, 41)
    assert torch.equal(x[..., top, :], x[..., 0, :])  # the edge goes on
    mask = np.zeros((41, 70), np.uint8)
    mask[10:20, 30:50] = 255
    assert placement.fit_mask(mask).sum() == 200
    pasted = np.asarray(placement.paste(-x[0], mask=mask))
    assert np.array_equal(pasted[mask == 0], pixels[mask == 0])
    assert np.array_equal(pasted[mask == 255], 255 - pixels[mask == 255])


def test_a_small_mask_is_zoomed_in_on_as_a_square():
    picture, _ = disc((400, 150), (10, 10, 20, 20))
    small = np.zeros((150, 400), np.uint8)
    small[40:46, 40:46] = 255
    scene = Where(small).on(read_image(picture))
    x, placement = scene.placed(SIDES)
    assert isinstance(placement, Window)
    assert x.shape == (1, 3, 64, 64)
    whole = Where(small, zoom="off").on(read_image(picture))
    x, placement = whole.placed(SIDES)
    assert x.shape[-1] > x.shape[-2]
    assert "104 x 40 pixels" in too_small(read_mask(small, (400, 150)), placement)
    large = np.full((150, 400), 255, np.uint8)
    assert not isinstance(Where(large).on(read_image(picture)).placed(SIDES)[1], Window)
