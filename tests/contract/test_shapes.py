"""Every method on a model that takes pictures of any shape: in their own, and pasted back."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from PIL import Image

import overpaint
from overpaint.errors import OptionError
from overpaint.explaining import explain
from overpaint.inverting import reconstruct
from overpaint.models.sides import Sides
from overpaint.models.zoo import load

from ..pipelines import write_sd3, write_stable
from . import conftest

WRITERS = {"stable": write_stable, "sd3": write_sd3}


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    made = tmp_path_factory.mktemp("shapes")
    return {name: load(WRITERS[name](made / name), dtype="float32") for name in WRITERS}


@pytest.fixture
def seen():
    """The shapes of all pictures that were encoded."""
    return []


@pytest.fixture
def watched(monkeypatch, seen):
    def watch(model):
        encode = type(model.codec).encode

        def told(codec, images):
            seen.append(tuple(images.shape[-2:]))
            return encode(codec, images)

        monkeypatch.setattr(type(model.codec), "encode", told)
        return model

    return watch


@pytest.fixture
def oblong():
    pixels = np.random.default_rng(0).integers(0, 256, (10, 23, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


def test_a_picture_is_edited_in_its_own_shape(case, oblong, watched, seen, monkeypatch):
    name = "tiny-text" if case.method.reads else "tiny-latent"
    monkeypatch.setitem(conftest.PARTS, "adapter", partial(conftest.adapter, name))
    resolvers = {name: lambda *a, make=make: make() for name, make in conftest.PARTS.items()}
    monkeypatch.setattr("overpaint.parts._RESOLVERS", resolvers)
    model = watched(replace(load(name), sides=Sides(4, 16)))
    white = np.zeros((10, 23), np.uint8)
    white[2:9, 3:20] = 255
    asked = {"method": case.method.name, "model": model, "mask": white, **case.quick}
    result = overpaint.edit(oblong, "a sketch", source_prompt="a photo", zoom="off", **asked)
    assert set(seen) == {(12, 24)}
    made, was = np.asarray(result.images[0]), np.asarray(oblong)
    assert result.images[0].size == oblong.size
    assert np.array_equal(made[white == 0], was[white == 0])
    assert (made[white == 255] != was[white == 255]).mean() > 0.5


@pytest.mark.parametrize("name", WRITERS)
def test_families_that_read_texts_do_so(name, oblong, loaded, watched, seen):
    model = watched(loaded[name])
    small = {"method": "sdedit", "strength": 0.5, "num_inference_steps": 2}
    assert overpaint.edit(oblong, model=model, **small).images[0].size == oblong.size
    assert reconstruct(oblong, model=model, steps=2, strength=0.3).image.size == oblong.size
    assert all(side % model.sides.multiple == 0 for shape in seen for side in shape)
    assert all(width > 1.9 * height for height, width in seen)


def test_a_mask_is_found_in_a_pictures_own_shape(oblong, watched, seen):
    model = watched(replace(load("tiny-text"), sides=Sides(4, 16)))
    asked = {"method": "sdedit", "model": model, "num_inference_steps": 2, "mask": "auto"}
    result = overpaint.edit(oblong, "a red hat", source_prompt="a blue hat", zoom="off", **asked)
    assert result.mask.size == result.images[0].size == oblong.size
    assert set(seen) == {(12, 24)}


@pytest.mark.parametrize("inversion", ["edict", "bdia", "edit-friendly", "direct"])
@pytest.mark.parametrize("name", WRITERS)
def test_every_family_is_inverted_exactly_under_its_texts(loaded, oblong, name, inversion):
    asked = {"source_prompt": "a red hat", "guidance_scale": 2.0, "strength": 0.4, "steps": 3}
    found = reconstruct(oblong, model=loaded[name], inversion=inversion, **asked)
    assert found.image.size == oblong.size
    assert found.codec_mae < 1e-4


def test_only_unets_are_explained(loaded, oblong):
    seen = explain(oblong, "a red hat", model=loaded["stable"], steps=2)
    assert [each.word for each in seen] == ["a", "red", "hat"]
    assert {each.heat.shape for each in seen} == {(10, 23)}
    with pytest.raises(OptionError, match="no UNet that attends to texts"):
        explain(oblong, "a red hat", model=loaded["sd3"], steps=2)
