"""Where an edit may act: what goes together, and what is read."""

import numpy as np
import pytest
from PIL import Image

from overpaint.data.face import Face
from overpaint.data.images import read_image
from overpaint.data.where import Where
from overpaint.errors import ImageReadError, OptionError

SIZE = (60, 40)


@pytest.fixture
def picture():
    return read_image(np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8))


def box(left, top, right, bottom, value=255):
    values = np.zeros((40, 60), np.uint8)
    values[top:bottom, left:right] = value
    return values


MASK = box(10, 10, 30, 30)


def test_nothing_said_is_the_whole_picture(picture):
    scene = Where().on(picture)
    assert (scene.picture, scene.mask, scene.regions, scene.faces) == (picture, None, (), ())
    assert not Where().limited


def test_an_inverted_mask_acts_where_the_other_is_black(picture):
    mask = box(10, 10, 30, 30, 200)
    scene = Where(mask, invert_mask=True).on(picture)
    assert np.array_equal(scene.mask.values, 255 - mask)
    assert scene.recorded()["invert_mask"]
    assert scene.recorded()["mask_sha256"] == Where(mask).on(picture).mask.sha256


def test_the_mask_of_regions_is_their_maximum(picture):
    parts = (box(0, 0, 20, 20, 100), box(10, 10, 40, 40, 200))
    scene = Where(regions=[(parts[0], "a hat"), (parts[1], "")]).on(picture)
    assert np.array_equal(scene.mask.values, np.maximum(*parts))
    assert [text for _, text in scene.regions] == ["a hat", ""]
    assert [region.prompt for region in scene.recorded()["regions"]] == ["a hat", ""]
    assert scene.recorded()["mask_sha256"] == ""


def test_notes_on_regions_say_which_they_mean(picture, tmp_path):
    black, path = np.zeros((40, 60), np.uint8), tmp_path / "coat.png"
    Image.fromarray(black).save(path)
    regions = [(MASK, "a hat"), (black, "a bow"), (path, ""), (box(0, 0, 9, 9, 9), "a cat")]
    scene = Where(regions=regions).on(picture)
    bow, coat, cat = scene.mask.warnings
    assert bow.startswith("the mask of 'a bow' is black everywhere: it changes nothing")
    assert coat.startswith("the mask of 'coat.png' is black everywhere")
    assert cat.startswith("the mask of 'a cat' is at most 9 of 255 white")
    assert [mask.name for mask in scene.masks] == ["", "", "coat.png", ""]
    with pytest.raises(ImageReadError, match="the mask of 'a hat' is 40 x 60"):
        Where(regions=[(MASK.T, "a hat")]).on(picture)


def test_an_extended_picture_is_masked_where_it_is_new(picture):
    scene = Where(extend="right=0.5,top=0.25").on(picture)
    assert scene.picture.size == (90, 50)
    kept = scene.mask.values == 0
    assert np.array_equal(scene.picture.pixels[kept], picture.pixels.reshape(-1, 3))
    assert scene.recorded()["input_sha256"] == picture.sha256


def test_a_small_mask_is_zoomed_into_unless_that_is_off(picture):
    small = box(28, 18, 32, 22)
    zoomed = {
        zoom: (scene := Where(small, zoom=zoom).on(picture)).zooms(scene.placed(16)[1])
        for zoom in ("auto", "on", "off")
    }
    assert zoomed == {"auto": True, "on": True, "off": False}
    large = Where(box(0, 0, 60, 39)).on(picture)
    assert not large.zooms(large.placed(16)[1])


def test_a_face_is_no_zoom(picture):
    scene = Where(MASK, face=Face(20, 20, 10)).on(picture)
    assert not scene.zooms(scene.placed(16)[1])


TOGETHER = {
    "mask and regions": {"mask": MASK, "regions": [(MASK, "a")]},
    "mask and extension": {"mask": MASK, "extend": "right=0.5"},
    "regions and extension": {"regions": [(MASK, "a")], "extend": "right=0.5"},
    "face and extension": {"face": "auto", "extend": "right=0.5"},
    "nothing to invert": {"invert_mask": True},
    "regions inverted": {"invert_mask": True, "regions": [(MASK, "a")]},
    "nothing to zoom in on": {"zoom": "on"},
    "face and zoom": {"mask": MASK, "zoom": "on", "face": "auto"},
    "no zoom": {"zoom": "far"},
    "no side": {"extend": "up=1"},
    "no pairs": {"regions": [MASK]},
    "no text": {"regions": [(MASK, None)]},
    "no list": {"regions": "hat.png=a hat"},
}


@pytest.mark.parametrize("name", TOGETHER)
def test_what_excludes_one_another_is_refused_before_anything_is_read(name):
    with pytest.raises(OptionError):
        Where(**TOGETHER[name])
