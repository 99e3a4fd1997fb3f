"""Edits by text in half precision: finite, and near those in float32."""

from dataclasses import replace

import pytest
import torch

from overpaint.methods import registry
from overpaint.methods.registry import Run, Task
from overpaint.models.zoo import load

IMAGE = torch.rand(1, 3, 16, 16, generator=torch.Generator().manual_seed(0)) * 2 - 1
MASK = torch.ones(1, 1, 16, 16)
ASKED = {
    "prompt-to-prompt": {"local_blend": "off", "inversion": "direct"},
    "diffedit": {"encode_source": True},
}


def made(name, dtype):
    method = registry.find(name)
    given = {"num_inference_steps": 3, "guidance_scale": 3.0, **ASKED[name]}
    options = registry.parse_options(method, given)
    task = Task(IMAGE, "a (red:2) hat" if method.weighs else "a red hat", "a black hat", MASK)
    model = replace(load("tiny-text"), dtype=dtype)
    return registry.perform(method, model, task, options, Run(), {}).images


@pytest.mark.parametrize(("dtype", "near"), [(torch.float16, 0.01), (torch.bfloat16, 0.05)])
@pytest.mark.parametrize("name", ASKED)
def test_half_precision_makes_nearly_the_same_picture(name, dtype, near):
    full, half = (made(name, each) for each in (torch.float32, dtype))
    assert torch.isfinite(half).all()
    assert 0 < float((half.float() - full).abs().mean()) < near
    assert float((full - IMAGE).abs().mean()) > 5 * near
