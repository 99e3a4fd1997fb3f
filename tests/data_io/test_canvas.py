"""A larger canvas: the picture as it was, its mirror image beside it, a mask of that alone."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from overpaint.data.canvas import SIDES, extended, parsed
from overpaint.data.images import Picture, read_image
from overpaint.errors import OptionError

from .test_colour import WIDE

SHARES = st.floats(0.001, 1)


def picture(width: int = 12, height: int = 9) -> Picture:
    rng = np.random.default_rng(width)
    values = rng.integers(0, 256, (height, width, 4), dtype=np.uint8)
    return Picture(values[..., :3], values[..., 3], name="a.png", sha256="abc")


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(st.sampled_from(SIDES), SHARES, min_size=1),
    st.integers(1, 20),
    st.integers(1, 20),
)
def test_the_picture_stays_and_its_mirror_image_goes_on_from_it(sides, width, height):
    before = picture(width, height)
    after, mask = extended(before, sides)
    inside = mask.values == 0
    assert np.array_equal(after.pixels[inside].reshape(before.pixels.shape), before.pixels)
    assert np.array_equal(after.alpha[inside].reshape(height, width), before.alpha)
    assert set(np.unique(mask.values)) == {0, 255}
    (top, left), (bottom, right) = np.argwhere(inside).min(0), np.argwhere(inside).max(0) + 1
    grown = {"left": left, "right": after.size[0] - right, "top": top}
    grown |= {"bottom": after.size[1] - bottom}
    for name, strip in grown.items():
        length = width if name in ("left", "right") else height
        assert strip == (max(1, round(sides[name] * length)) if name in sides else 0)
    if left:
        assert np.array_equal(after.pixels[top, :left], before.pixels[0, :left][::-1])
    if after.size[1] > bottom:
        strip = after.size[1] - bottom
        assert np.array_equal(after.pixels[bottom:, left], before.pixels[-strip:, 0][::-1])


def test_what_belongs_to_the_picture_is_kept(encoded):
    before = read_image(encoded(np.full((9, 9, 3), 90, np.uint8), icc_profile=WIDE, dpi=(72, 72)))
    after, _ = extended(before, {"right": 0.5})
    assert after.size == (13, 9)  # half of 9 rounds to 4
    assert (after.icc, after.dpi, after.sha256) == (before.icc, before.dpi, before.sha256)
    assert after.profile is before.profile
    named, _ = extended(picture(), {"top": 1})
    assert (named.name, named.sha256) == ("a.png", "abc")


def test_sides_are_read():
    assert parsed("right=0.25,left=0.5") == {"right": 0.25, "left": 0.5}
    assert parsed(" top = 1 ") == {"top": 1.0}


WRONG = """right;right=;right=a;up=0.2;right=0;right=-1;right=1.01;right=nan;right=inf
right=0.2,right=0.3;right=0.2,;right=0.2 left=1;,"""


@pytest.mark.parametrize("text", ["", *WRONG.replace("\n", ";").split(";")])
def test_other_texts_are_refused_with_what_to_do(text):
    with pytest.raises(OptionError) as caught:
        parsed(text)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("text", "what", "why", "hint"),
    [
        ("right=nan", "right is nan", "", "shares"),
        ("right=-1", "right is -1", "", "shares"),
        ("right=2", "right is 2", "", "again for more"),
        ("right=0.25,", "'right=0.25,' extends to no side", "comma", "shares"),
        ("right=0.2,left=a", "'left=a' extends", "'a' is no share", "shares"),
        ("right", "'right' extends", "it has no share", "shares"),
    ],
)
def test_the_part_that_is_wrong_is_named(text, what, why, hint):
    with pytest.raises(OptionError) as caught:
        parsed(text)
    assert what in caught.value.what
    assert why in caught.value.why
    assert hint in caught.value.hint


def test_what_would_be_too_large_is_refused():
    with pytest.raises(OptionError, match="cannot be extended so far") as caught:
        extended(picture(), {"right": 1, "top": 1}, max_pixels=400)
    assert "24 x 18" in caught.value.why
    with pytest.raises(OptionError, match="to no side"):
        extended(picture(), {})
