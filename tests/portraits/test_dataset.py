"""Sets of portraits: pure functions of their names, built once, kept whole."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from itertools import pairwise

import numpy as np
import pytest

from overpaint.portraits import dataset
from overpaint.portraits.labels import HIDDEN, LABELS, label_row
from overpaint.portraits.render import develop, render, shoot
from overpaint.portraits.scene import IDENTITY, STYLES


@pytest.fixture
def small(monkeypatch):
    """Chunks of four pictures, rendered here; the chunks that were rendered."""
    monkeypatch.setattr(dataset, "CHUNK", 4)
    monkeypatch.setattr(dataset, "ProcessPoolExecutor", lambda n, mp_context: ThreadPoolExecutor(n))
    monkeypatch.setattr(dataset, "shoot", partial(shoot, samples=1))
    monkeypatch.setattr(dataset, "develop", partial(develop, samples=1))
    rendered, real = [], dataset.scenes
    monkeypatch.setattr(dataset, "scenes", lambda *of: rendered.append(of) or real(*of))
    return rendered


def build(folder, count, sampler="all_styles", seed=0):
    return list(dataset.build(folder, sampler, count, seed, workers=1))


@pytest.mark.parametrize("sampler", dataset.SAMPLERS)
def test_a_chunk_is_a_pure_function_of_its_name(sampler):
    one = dataset.scenes(sampler, 1, 2)
    assert len(one) == dataset.CHUNK
    assert one == dataset.scenes(sampler, 1, 2)
    assert one != dataset.scenes(sampler, 1, 3)
    assert one != dataset.scenes(sampler, 2, 2)


def test_samplers_do_not_repeat_each_other():
    photos, any_style = (dataset.scenes(name, 0, 0) for name in ("photos", "all_styles"))
    assert {scene.style for scene in photos} == {"photo"}
    assert {scene.style for scene in any_style} == set(STYLES)
    assert photos[0].nuisances != any_style[0].nuisances


def test_twins_are_one_face_under_other_circumstances():
    scenes = dataset.scenes("twins", 0, 0)
    for one, other in zip(scenes[::2], scenes[1::2], strict=True):
        assert all(one.nuisance(name) == other.nuisance(name) for name in IDENTITY)
        assert (one.kind, one.skin, one.style) == (other.kind, other.skin, other.style)
        assert one.nuisance("yaw") != other.nuisance("yaw")
    pairs = zip(scenes[::2], scenes[1::2], strict=True)
    assert np.mean([one.expression != other.expression for one, other in pairs]) > 0.7


def test_edits_change_one_thing_that_shows():
    scenes = dataset.scenes("edits", 0, 0)
    names = []
    for one, other in zip(scenes[::2], scenes[1::2], strict=True):
        before, after = label_row(one), label_row(other)
        shown = (before != HIDDEN) & (after != HIDDEN)
        assert ((before != after) & shown).sum() == 1
        assert one.nuisances == other.nuisances
        names.append(LABELS[int(((before != after) & shown).argmax())])
    assert set(names) == set(LABELS) - {"kind"}
    assert 0.4 < names.count("style") / len(names) < 0.6


def test_a_set_is_built_chunk_by_chunk_and_read_back(small, tmp_path):
    assert build(tmp_path, 10) == [4, 8, 10]
    data = dataset.load(tmp_path, "all_styles", 10, 0)
    assert len(data) == 10
    assert data.pictures.shape == (10, 64, 64, 3)
    scene = dataset.scenes("all_styles", 0, 1)[2]
    assert np.array_equal(data.pictures[6], render(scene, 64, samples=1))
    assert np.array_equal(data.labels[6], label_row(scene))


def test_building_goes_on_where_it_was_stopped(small, tmp_path):
    build(tmp_path, 8)
    dataset.chunk_file(tmp_path, "all_styles", 0, 0).unlink()
    dataset.chunk_file(tmp_path, "all_styles", 0, 2).with_suffix(".123.tmp").write_bytes(b"cut")
    small.clear()
    assert build(tmp_path, 12) == [4, 8, 12]
    assert sorted(small) == [("all_styles", 0, 0), ("all_styles", 0, 2)]
    small.clear()
    assert build(tmp_path, 12) == []
    assert small == []


def test_another_world_is_rendered_anew(small, tmp_path, monkeypatch):
    build(tmp_path, 4)
    monkeypatch.setattr(dataset, "WORLD", dataset.WORLD + 1)
    small.clear()
    build(tmp_path, 4)
    assert small == [("all_styles", 0, 0)]


def test_more_pictures_begin_with_the_same(small, tmp_path):
    build(tmp_path, 8)
    few, more = (dataset.load(tmp_path, "all_styles", count, 0) for count in (5, 8))
    assert np.array_equal(few.pictures, more.pictures[:5])


def test_restyled_scenes_follow_their_photo_and_nothing_else_is_changed():
    scenes = dataset.scenes("restyled", 0, 0)
    pairs = [(one, two) for one, two in pairwise(scenes) if two.style != "photo"]
    assert len(pairs) > 0.3 * len(scenes)
    assert all(replace(two, style="photo") == one for one, two in pairs)
    assert {scene.style for scene in scenes} == set(STYLES)


def test_scenes_that_share_a_trace_look_as_if_rendered_one_by_one():
    first = dataset.scenes("restyled", 0, 0)[:6]
    for scene, picture in zip(first, dataset.pictured(first, 32), strict=True):
        assert np.array_equal(picture, render(scene, 32))


def test_a_set_of_another_size_is_another_set(small, tmp_path):
    list(dataset.build(tmp_path, "restyled", 4, 0, size=32, workers=1))
    assert dataset.load(tmp_path, "restyled", 4, 0, 32).pictures.shape == (4, 32, 32, 3)
    assert not dataset.chunk_file(tmp_path, "restyled", 0, 0).exists()
