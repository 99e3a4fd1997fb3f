"""Strokes: few flat colours, the same each time; drawings lie where they were drawn."""

import numpy as np
import pytest
from PIL import Image

from overpaint.data.images import Picture, read_image
from overpaint.data.strokes import laid, on_paper, palette, simulated
from overpaint.errors import ImageReadError, OptionError

from .test_colour import WIDE


def colours(image):
    return np.unique(np.asarray(image).reshape(-1, 3), axis=0)


def drawing(alpha, colour=(250, 10, 20)):
    """One colour with this alpha (H, W)."""
    pixels = np.broadcast_to(np.array(colour, np.uint8), (*alpha.shape, 3)).copy()
    return Picture(pixels, alpha)


@pytest.fixture
def noise():
    return Picture(np.random.default_rng(0).integers(0, 256, (61, 43, 3), dtype=np.uint8))


@pytest.mark.parametrize("brush", [0.0, 0.09, 0.5])
@pytest.mark.parametrize("count", [1, 2, 6, 256])
def test_there_are_at_most_so_many_colours_and_always_the_same(noise, brush, count):
    image = simulated(noise, brush=brush, colours=count)
    assert image.size == noise.size
    assert 1 <= len(colours(image)) <= count
    assert image.tobytes() == simulated(noise, brush=brush, colours=count).tobytes()


def test_what_has_few_colours_keeps_them_and_its_flat_areas():
    pixels = np.zeros((60, 90, 3), np.uint8)
    pixels[:, 30:60], pixels[:, 60:] = (10, 20, 200), (250, 240, 7)
    image = np.asarray(simulated(Picture(pixels)))
    assert np.array_equal(image, pixels)  # straight edges too: a median moves none
    assert len(palette(Image.fromarray(pixels), 3)) == 3


def test_single_pixels_vanish_and_what_is_broad_stays(noise):
    pixels = np.full((64, 64, 3), 90, np.uint8)
    pixels[::9, ::7] = 255
    pixels[20:45, 20:45] = (200, 30, 30)
    image = np.asarray(simulated(Picture(pixels)))
    assert (image[2:18] == 90).all()
    assert (image[28:37, 28:37] == (200, 30, 30)).all()


@pytest.mark.parametrize("size", [(1, 1), (1, 7), (5, 3), (257, 2), (2, 300)])
def test_every_size_is_painted(size):
    pixels = np.random.default_rng(1).integers(0, 256, (*size[::-1], 3), dtype=np.uint8)
    image = simulated(Picture(pixels), colours=2)
    assert image.size == size
    assert len(colours(image)) <= 2


@pytest.mark.parametrize("side", [64, 256, 1024])
def test_the_brush_grows_with_the_picture(side):
    pixels = np.full((side, side, 3), 90, np.uint8)
    pixels[:, side // 4 : side // 4 + side // 32] = 255  # thinner than half the brush
    pixels[:, side // 2 : side // 2 + side // 8] = (200, 30, 30)  # and broader
    image = np.asarray(simulated(Picture(pixels)))
    assert (image[:, side // 8 : side * 3 // 8] == 90).all()
    assert (image[:, side * 9 // 16] == (200, 30, 30)).all()


def test_what_is_transparent_is_painted_white():
    alpha = np.full((32, 32), 255, np.uint8)
    alpha[:, 16:] = 0
    image = np.asarray(simulated(drawing(alpha, (9, 9, 9))))
    assert (image[:, :12] == 9).all()
    assert (image[:, 20:] == 255).all()


@pytest.mark.parametrize(("name", "value"), [("brush", -0.1), ("brush", 0.6), ("brush", np.nan)])
def test_a_brush_has_a_breadth(noise, name, value):
    with pytest.raises(OptionError, match="brush must be"):
        simulated(noise, **{name: value})


@pytest.mark.parametrize("count", [0, -1, 257])
def test_colours_out_of_range_are_refused(noise, count):
    with pytest.raises(OptionError, match=r"\[1, 256\]"):
        simulated(noise, colours=count)


def test_strokes_lie_over_a_picture_and_leave_the_rest(noise):
    alpha = np.zeros((61, 43), np.uint8)
    alpha[10:30, 5:25], alpha[30:32, 5:25] = 255, 128
    guide = laid(drawing(alpha), noise)
    image, mask = np.asarray(guide.image), np.asarray(guide.mask)
    assert np.array_equal(mask, alpha)
    assert (image[alpha == 255] == (250, 10, 20)).all()
    assert np.array_equal(image[alpha == 0], noise.pixels[alpha == 0])
    between = (noise.pixels[alpha == 128] + np.array([250.0, 10, 20])) / 2
    assert np.abs(image[alpha == 128] - between).max() <= 2
    assert guide.painted == pytest.approx(alpha.mean() / 255)


def test_painting_on_an_opaque_copy_is_found_by_its_difference(noise):
    painted = noise.pixels.copy()
    painted[20:30, 10:20] = painted[20:30, 10:20] + np.uint8(128)  # wraps: far from what it was
    painted[40:, :] = np.clip(painted[40:, :].astype(int) + 5, 0, 255)  # as a JPEG might
    guide = laid(Picture(painted), noise)
    mask = np.asarray(guide.mask)
    assert mask[20:30, 10:20].all()
    assert mask.sum() == 100 * 255
    assert np.array_equal(np.asarray(guide.image)[mask == 0], noise.pixels[mask == 0])


def test_strokes_over_what_is_transparent_are_seen():
    base = drawing(np.zeros((8, 8), np.uint8), (0, 0, 0))
    alpha = np.zeros((8, 8), np.uint8)
    alpha[2:4] = 200
    image = laid(drawing(alpha), base).image
    assert image.mode == "RGBA"
    assert np.array_equal(np.asarray(image)[..., 3], alpha)


def test_a_profile_of_the_picture_is_kept_and_strokes_are_brought_into_it(encoded):
    base = read_image(encoded(np.full((9, 9, 3), 100, np.uint8), icc_profile=WIDE))
    assert base.profile is not None
    alpha = np.zeros((9, 9), np.uint8)
    alpha[:4] = 255
    guide = laid(drawing(alpha, (250, 60, 20)), base)
    assert guide.image.info["icc_profile"] == WIDE
    shown = base.profile.to_srgb(np.asarray(guide.image))
    assert np.abs(shown[:4].astype(int) - (250, 60, 20)).max() <= 2
    assert (np.asarray(guide.image)[4:] == 100).all()


def test_paper_has_a_colour():
    alpha = np.zeros((5, 5), np.uint8)
    alpha[2, 2] = 255
    guide = on_paper(drawing(alpha), "#204060")
    assert guide.image.getpixel((0, 0)) == (0x20, 0x40, 0x60)
    assert guide.image.getpixel((2, 2)) == (250, 10, 20)
    with pytest.raises(OptionError, match="'blu' is no colour"):
        on_paper(drawing(alpha), "blu")


def test_what_cannot_be_laid_is_refused(noise):
    with pytest.raises(ImageReadError, match="the drawing is 5 x 4, the picture 43 x 61"):
        laid(drawing(np.full((4, 5), 9, np.uint8)), noise)
    with pytest.raises(ImageReadError, match="nothing is painted"):
        laid(drawing(np.zeros((61, 43), np.uint8)), noise)
    with pytest.raises(ImageReadError, match="nothing is painted"):
        laid(noise, noise)
