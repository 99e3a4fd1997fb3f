"""Candidates in order: two views, one score, equal ones as they came."""

import numpy as np
import pytest
import torch
from PIL import Image

from overpaint import ranking
from overpaint.data.record import Record
from overpaint.errors import OptionError
from overpaint.models.zoo import WEIGHTS
from overpaint.ranking import CONTEXT, CROP, around, doubt, rank

from .colours import colours

CLIP = colours()


def plain(red: int, size=(30, 20)):
    return Image.new("RGB", size, (red, 128, 128))


def test_the_best_come_first_and_equal_ones_as_they_were_given():
    order = rank([plain(r) for r in (90, 200, 90, 255, 200)], "red", clip=CLIP)
    assert [each.index for each in order] == [3, 1, 4, 0, 2]
    scores = [each.score for each in order]
    assert scores == sorted(scores, reverse=True)
    assert scores[1] == scores[2]


def test_with_a_source_text_what_shows_it_still_comes_later():
    violet, pale = Image.new("RGB", (30, 20), (200, 0, 190)), plain(160)
    assert [each.index for each in rank([violet, pale], "red", clip=CLIP)] == [0, 1]
    order = rank([violet, pale], "red", source_prompt="blue", clip=CLIP)
    assert [each.index for each in order] == [1, 0]
    expected = (160 - 128) / np.linalg.norm([160, 128, 128])
    assert order[0].score == pytest.approx(expected, abs=1e-5)


def test_typed_weights_do_not_count():
    pictures = [plain(200), plain(140)]
    for plainly, weighted in (("red", "(red:2)"), ("blue", "(blue:0.5)")):
        texts = {"clip": CLIP, "source_prompt": plainly}
        assert rank(pictures, "green", **texts) == rank(
            pictures, "(green:3)", **texts | {"source_prompt": weighted}
        )


def test_without_a_mask_both_views_are_the_whole_picture():
    (only,) = rank([plain(200)], "red", clip=CLIP)
    expected = 200 / np.linalg.norm([200, 128, 128])
    assert (only.score, only.context, only.crop) == pytest.approx((expected,) * 3, abs=1e-5)


def test_the_crop_sees_the_place_of_the_mask_alone():
    """Two pictures of equal mean colour: what is red there counts for more."""
    pixels = np.full((40, 40, 3), 128, np.uint8)
    there, elsewhere, mask = pixels.copy(), pixels.copy(), np.zeros((40, 40), np.uint8)
    there[24:36, 24:36] = elsewhere[4:16, 4:16] = (255, 0, 0)
    mask[26:34, 26:34] = 255
    best, other = rank([elsewhere, there], "red", mask=mask, clip=CLIP)
    assert (best.index, best.crop) == (1, pytest.approx(1, abs=1e-3))
    assert best.context == pytest.approx(other.context, abs=1e-3)
    assert best.score == pytest.approx(CONTEXT * best.context + CROP * best.crop)
    assert CONTEXT + CROP == 1


def test_nothing_of_a_wide_picture_is_out_of_sight():
    pixels = np.full((10, 60, 3), 128, np.uint8)
    aside = pixels.copy()
    aside[:, :5] = (255, 0, 0)  # a central square would not see it
    assert rank([pixels, aside], "red", clip=CLIP)[0].index == 1


@pytest.mark.parametrize(
    ("white", "box"),
    [
        ((slice(20, 28), slice(10, 18)), (8, 18, 20, 30)),  # a quarter more on each side
        ((slice(0, 8), slice(36, 40)), (28, 0, 40, 12)),  # moved into the picture
        ((slice(0, 50), slice(0, 40)), (0, 0, 40, 50)),  # larger than the picture
        ((slice(0, 0), slice(0, 0)), (0, 0, 40, 50)),  # black: no place
    ],
)
def test_the_crop_is_a_square_around_the_mask(white, box):
    mask = np.zeros((50, 40), np.uint8)
    mask[white] = 1
    assert around(mask, margin=0.25) == box


def test_there_must_be_something_to_rank_by():
    with pytest.raises(OptionError, match="nothing to rank by"):
        rank([plain(0)], " ", clip=CLIP)
    assert rank([], "red", clip=CLIP) == []


def test_a_clip_that_guided_is_told():
    record = Record("blended", "tiny", "red", (0,), {}, parts={"clip": "colours"})
    assert "guided" in doubt(record, CLIP)
    assert doubt(record, colours(hash="other")) == ""


def test_the_embedded_ranker_is_the_one_made_for_it():
    assert ranking.RANKER == "clip-check"
    assert (WEIGHTS / ranking.RANKER).is_dir()


def test_gradients_are_not_kept():
    with torch.enable_grad():
        assert isinstance(rank([plain(9)], "red", clip=CLIP)[0].score, float)
