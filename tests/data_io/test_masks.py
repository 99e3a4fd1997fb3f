"""Masks: white edits, black keeps, and a mask of another picture is refused."""

import numpy as np
import pytest
import torch
from PIL import Image

from overpaint.data.masking import inverted, read_mask
from overpaint.errors import ImageReadError

SIZE = (30, 40)


@pytest.fixture
def half() -> np.ndarray:
    """(40, 30) uint8: the upper half white, one grey row below it."""
    mask = np.zeros((40, 30), np.uint8)
    mask[:20], mask[20] = 255, 128
    return mask


def test_every_source_gives_the_same_mask(half, encoded):
    tensor = torch.from_numpy(half) / 255
    sources = [half, half / 255, half[..., None], half[None], encoded(half), Image.fromarray(half)]
    sources += [tensor, tensor[None], tensor[None, None], np.repeat(half[..., None], 3, axis=2)]
    for source in sources:
        assert np.array_equal(read_mask(source, SIZE).values, half)
    assert np.array_equal(read_mask(half > 200, SIZE).values == 255, half > 200)


def test_transparency_counts_as_black(half):
    painted = Image.new("RGBA", SIZE, (255, 255, 255, 0))  # a white brush on nothing
    painted.putalpha(Image.fromarray(half))
    stencil = Image.new("RGBA", SIZE, (0, 0, 0, 0))  # any brush of one colour
    stencil.putalpha(Image.fromarray(half))
    for image in (painted, stencil):
        assert np.array_equal(read_mask(image, SIZE).values, half)
    opaque = Image.fromarray(half).convert("RGBA")
    assert np.array_equal(read_mask(opaque, SIZE).values, half)


def test_orientation_of_the_mask_is_applied(half, encoded):
    tags = Image.Exif()
    tags[0x0112] = 3
    assert np.array_equal(read_mask(encoded(half, exif=tags), SIZE).values, half[::-1, ::-1])


def test_the_same_aspect_is_resized_with_a_warning(half):
    mask = read_mask(half, (60, 80))
    assert mask.values.shape == (80, 60)
    assert "resized from 30 x 40 to 60 x 80" in mask.warnings[0]
    assert read_mask(half, (29, 39)).values.shape == (39, 29)


def test_another_aspect_is_refused(half):
    with pytest.raises(ImageReadError, match="30 x 40") as caught:
        read_mask(half, (40, 40))
    assert "draw the mask" in caught.value.hint
    with pytest.raises(ImageReadError) as caught:
        read_mask(half, (40, 30))
    assert "90 degrees" in caught.value.hint


def test_a_black_mask_is_said_to_change_nothing():
    mask = read_mask(np.zeros((40, 30), np.uint8), SIZE)
    assert "the mask is black everywhere: it changes nothing" in mask.warnings[0]


def test_a_mask_without_black_is_said_to_keep_nothing(half):
    for least in (1, 255):
        mask = read_mask(np.maximum(half, np.uint8(least)), SIZE)
        assert "black nowhere" in mask.warnings[-1]
    assert read_mask(half, SIZE).warnings == ()


def test_a_mask_nowhere_half_white_is_said_to_do_little(half):
    assert "at most 63 of 255" in read_mask(half // 4, SIZE).warnings[-1]
    assert read_mask(np.minimum(half, 128), SIZE).warnings == ()


def test_an_inverted_mask_edits_what_the_other_keeps_and_says_what_is_true_of_it(half):
    mask = read_mask(half, (60, 80))
    other = inverted(mask)
    assert np.array_equal(other.values.astype(int) + mask.values, np.full((80, 60), 255))
    assert other.warnings == mask.warnings
    assert np.array_equal(inverted(other).values, mask.values)
    white = inverted(read_mask(np.zeros((40, 30), np.uint8), SIZE))
    assert ["black nowhere" in note for note in white.warnings] == [True]
    assert "it changes nothing" in inverted(white).warnings[0]
