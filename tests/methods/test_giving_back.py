"""Edits of latents give back what their codec loses of the picture."""

from dataclasses import replace

import pytest
import torch
from torch.nn import functional as F

from overpaint.methods import registry
from overpaint.methods.registry import Run, Task
from overpaint.models.zoo import load

FROM, TO = "a person with brown hair", "a person with red hair"
IMAGE = torch.rand(1, 3, 16, 16, generator=torch.Generator().manual_seed(0)) * 2 - 1


class Coarse:
    """Squares of 2 x 2 pixels become their mean colours, and come back paler."""

    factor = 2

    def encode(self, images):
        return F.pad(F.avg_pool2d(images, 2), (0, 0, 0, 0, 0, 1))

    def decode(self, x):
        return 0.9 * F.interpolate(x[:, :3], scale_factor=2)

    def encode_mask(self, mask):
        return F.max_pool2d(mask, 2)


@pytest.mark.parametrize("method", ["diffedit", "prompt-to-prompt"])
def test_what_is_lost_comes_back_where_the_edit_looks_as_the_picture_does(method):
    codec = Coarse()
    model, lost = replace(load("tiny-text"), codec=codec), IMAGE - codec.decode(codec.encode(IMAGE))
    found = registry.find(method)
    options = registry.parse_options(
        found, {"num_inference_steps": 3, "guidance_scale": 1, "strength": 0.01}
    )
    task = Task(IMAGE, TO, FROM, mask=torch.ones(1, 1, 16, 16))
    made = registry.perform(found, model, task, options, Run([0]), {}).images
    assert lost.abs().mean() > 0.3
    assert 0 < (made - IMAGE).abs().mean() < 0.1
