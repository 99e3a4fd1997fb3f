"""Pictures: the same bytes anywhere, masks that cover them, edits that reach no further."""

import hashlib
import subprocess
import sys
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from overpaint.portraits.render import masks, render
from overpaint.portraits.scene import STYLES, Scene, counterfactual, sample_scene

ROOT = Path(__file__).parents[2]
SIZE = 32


@cache
def scenes() -> list[Scene]:
    rng = np.random.default_rng(3)
    return [sample_scene(rng) for _ in range(12)]


def person(**values):
    return replace(Scene(facial_hair="beard", hair_style="long"), **values)


def differ(one, other):
    """(S, S) bool: where two pictures are not the same bytes."""
    return (one != other).any(-1)


def bytes_of(style):
    """A hash of a few pictures in a style."""
    pictures = [render(replace(scene, style=style), SIZE) for scene in scenes()[:3]]
    return hashlib.sha256(b"".join(p.tobytes() for p in pictures)).hexdigest()


def test_a_scene_is_the_same_bytes_again_and_in_another_process():
    here = [bytes_of(style) for style in STYLES]
    assert here == [bytes_of(style) for style in STYLES]
    again = [sys.executable, "-m", "tests.portraits.test_render"]
    there = subprocess.run(again, cwd=ROOT, capture_output=True, text=True, check=True)
    assert there.stdout.split() == here


@pytest.mark.parametrize("size", [24, 33, 64])
def test_masks_cover_every_pixel_once(size):
    for scene in scenes()[:6]:
        covers = masks(scene, size)
        total = np.sum([cover.astype(int) for cover in covers.values()], axis=0)
        assert total.shape == (size, size)
        assert np.abs(total - 255).max() <= 1


def test_masks_are_of_the_scene_whatever_its_style():
    one, other = masks(scenes()[0], SIZE), masks(replace(scenes()[0], style="neon"), SIZE)
    assert all(np.array_equal(cover, other[name]) for name, cover in one.items())


def test_other_hair_changes_hair_brows_and_beard_alone():
    source = person(hair="black")
    changed = differ(render(source, SIZE), render(counterfactual(source, hair="red"), SIZE))
    covers = masks(source, SIZE)
    grown = np.maximum.reduce([covers[name] for name in ("hair", "brows", "facial_hair")])
    assert not changed[grown == 0].any()
    assert changed[grown == 255].all()


@pytest.mark.parametrize(
    ("change", "part"), [({"background": "red"}, "background"), ({"clothing": "red"}, "clothing")]
)
def test_other_colours_behind_or_below_leave_the_rest_byte_for_byte(change, part):
    for kind in ("person", "cat", "robot"):
        source = person(kind=kind)
        changed = differ(render(source, SIZE), render(counterfactual(source, **change), SIZE))
        cover = masks(source, SIZE)[part]
        assert not changed[cover == 0].any()
        assert changed[cover == 255].mean() > 0.99


def test_each_attribute_and_each_value_is_seen():
    source = person(hair_style="short")
    for name, values in {
        "kind": ("cat", "bear", "robot"),
        "expression": ("smiling", "sad", "surprised", "angry"),
        "eyewear": ("glasses", "sunglasses"),
        "facial_hair": ("none", "moustache"),
        "headwear": ("cap", "beanie", "top hat", "crown"),
        "hair_style": ("bald", "long", "curly", "mohawk", "bun"),
    }.items():
        pictures = [render(source, SIZE)]
        pictures += [render(counterfactual(source, **{name: value}), SIZE) for value in values]
        for i, one in enumerate(pictures):
            assert all(differ(one, other).sum() >= 8 for other in pictures[:i]), name


@pytest.mark.parametrize("style", STYLES[1:])
def test_each_style_is_far_from_a_photo(style):
    for scene in scenes()[:4]:
        photo, other = render(scene, SIZE), render(replace(scene, style=style), SIZE)
        assert np.abs(photo.astype(int) - other).mean() > 20


def test_the_picture_is_the_same_at_any_size():
    scene = replace(scenes()[1], style="photo")
    small, large = render(scene, 32).astype(float), render(scene, 96).astype(float)
    means = large.reshape(32, 3, 32, 3, 3).mean((1, 3))
    assert np.abs(means - small).mean() < 4


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("size", [16, 50])
def test_every_style_takes_every_size(style, size):
    picture = render(replace(scenes()[2], style=style), size)
    assert (picture.shape, picture.dtype) == ((size, size, 3), np.uint8)
    assert picture.std() > 5


if __name__ == "__main__":
    print(*(bytes_of(style) for style in STYLES))
