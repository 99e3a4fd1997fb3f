"""Every method on latent models, too, of which one reads texts: sizes, seeds, outside the mask."""

from functools import partial

import numpy as np
import pytest
import torch
from PIL import Image

import overpaint
from overpaint.models.zoo import load

from . import conftest
from .test_methods import GREY_LEVEL


@pytest.fixture(params=["tiny-latent", "tiny-text"])
def named(request, case, monkeypatch):
    """The name of a model that the method takes, with its parts."""
    if case.method.reads and load(request.param).text is None:
        pytest.skip("this method needs a model that reads texts")
    monkeypatch.setitem(conftest.PARTS, "adapter", partial(conftest.adapter, request.param))
    return request.param


@pytest.fixture
def model(named):
    return load(named)


def half():
    mask = torch.zeros(1, 1, 16, 16)
    mask[..., 3:11, 5:13] = 1  # not along the cells
    return mask


def test_one_picture_for_each_seed(case, model):
    images = case.run(3, 1, model=model).images
    assert images.shape == (2, 3, 16, 16)
    assert images.abs().max() <= 1
    alone = case.run(1, model=model).images
    assert (images[1:] - alone).abs().max() < GREY_LEVEL / 2


def test_nothing_changes_outside_the_mask(case, model):
    mask = half()
    task = case.task(mask)
    images = case.run(0, model=model, task=task).images
    assert torch.equal(images * (1 - mask), task.image * (1 - mask))
    assert not torch.allclose(images * mask, task.image * mask, atol=0.05)


def test_strength_zero_is_the_picture_itself(case, model):
    if "strength" not in case.method.options.__dataclass_fields__:
        pytest.skip("this method has no strength")
    images = case.run(strength=0, model=model).images
    assert torch.equal(images, case.task().image)


def test_outside_the_mask_every_byte_of_the_file_is_the_inputs(
    case, named, photo, tmp_path, monkeypatch
):
    monkeypatch.setattr(
        "overpaint.parts._RESOLVERS",
        {name: lambda *asked, make=make: make() for name, make in conftest.PARTS.items()},
    )
    white = np.zeros((37, 23), np.uint8)
    white[9:25, 6:17] = 255
    asked = {"method": case.method.name, "model": named, "mask": white, **case.quick}
    result = overpaint.edit(photo, "a sketch", source_prompt="a photo", **asked)
    result.images[0].save(tmp_path / "edit.png")
    made, was = np.asarray(Image.open(tmp_path / "edit.png").convert("RGB")), np.asarray(photo)
    assert np.array_equal(made[white == 0], was[white == 0])
    assert (made[white == 255] != was[white == 255]).mean() > 0.5
    assert not [
        note for note in result.warnings if "has no effect" in note and named == "tiny-text"
    ]
