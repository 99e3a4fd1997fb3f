"""Every method on a latent model, too: sizes, seeds, and what lies outside the mask."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
import torch
from PIL import Image

import overpaint
from overpaint.models.control import read_adapter
from overpaint.models.families.tiny import tiny_latent

from ..adapters import write_random
from . import conftest
from .test_methods import GREY_LEVEL


@cache
def adapter():
    """A random adapter of the latent model."""
    with TemporaryDirectory() as folder:
        return read_adapter(write_random(tiny_latent(), Path(folder), t0=500))


@pytest.fixture(autouse=True)
def with_its_adapter(monkeypatch):
    monkeypatch.setitem(conftest.PARTS, "adapter", adapter)


def half():
    mask = torch.zeros(1, 1, 16, 16)
    mask[..., 3:11, 5:13] = 1  # not along the cells
    return mask


def test_one_picture_for_each_seed(case):
    images = case.run(3, 1, model=tiny_latent()).images
    assert images.shape == (2, 3, 16, 16)
    assert images.abs().max() <= 1
    alone = case.run(1, model=tiny_latent()).images
    assert (images[1:] - alone).abs().max() < GREY_LEVEL / 2


def test_nothing_changes_outside_the_mask(case):
    mask = half()
    task = case.task(mask)
    images = case.run(0, model=tiny_latent(), task=task).images
    assert torch.equal(images * (1 - mask), task.image * (1 - mask))
    assert not torch.allclose(images * mask, task.image * mask, atol=0.05)


def test_strength_zero_is_the_picture_itself(case):
    if "strength" not in case.method.options.__dataclass_fields__:
        pytest.skip("this method has no strength")
    images = case.run(strength=0, model=tiny_latent()).images
    assert torch.equal(images, case.task().image)


def test_outside_the_mask_every_byte_of_the_file_is_the_inputs(case, photo, tmp_path, monkeypatch):
    monkeypatch.setattr(
        "overpaint.parts._RESOLVERS",
        {name: lambda *asked, make=make: make() for name, make in conftest.PARTS.items()},
    )
    white = np.zeros((37, 23), np.uint8)
    white[9:25, 6:17] = 255
    asked = {"method": case.method.name, "model": "tiny-latent", "mask": white, **case.quick}
    result = overpaint.edit(photo, "a sketch", source_prompt="a photo", **asked)
    result.images[0].save(tmp_path / "edit.png")
    made, was = np.asarray(Image.open(tmp_path / "edit.png").convert("RGB")), np.asarray(photo)
    assert np.array_equal(made[white == 0], was[white == 0])
    assert (made[white == 255] != was[white == 255]).mean() > 0.5
