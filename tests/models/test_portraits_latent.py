"""The embedded text-to-image model: its files, and that it is what diffusers makes of them."""

import numpy as np
import pytest
import torch
from diffusers import StableDiffusionPipeline

import overpaint
from overpaint.core.schedule import below
from overpaint.core.solvers import last, solve
from overpaint.models.prompting import guided, reader_of
from overpaint.models.zoo import embedded, load

FOLDER = embedded("portraits-latent")
TEXT = "a photo of a person with red hair on a blue background"
PORTRAIT = "examples/portrait.png"


@pytest.fixture(scope="module")
def model():
    return load("portraits-latent", "cpu", "float32")


def test_it_is_small():
    assert sum(file.stat().st_size for file in FOLDER.rglob("*")) < 30e6


def test_diffusers_draws_the_same_picture(model):
    pipeline = StableDiffusionPipeline.from_pretrained(FOLDER, torch_dtype=torch.float32)
    pipeline.set_progress_bar_config(disable=True)
    start = torch.randn(1, 4, 16, 16, generator=torch.Generator().manual_seed(0))
    asked = {"num_inference_steps": 4, "guidance_scale": 3.0, "output_type": "latent"}
    theirs = pipeline(TEXT, latents=start.clone(), **asked).images
    times = [*pipeline.scheduler.timesteps.tolist(), 0]  # its last step goes to the least noise
    read, levels = reader_of(model), [model.schedule.at(t) for t in times]
    with torch.no_grad():
        ours = last(solve(guided(model, read([TEXT]), 3.0), start, levels))
    assert torch.allclose(ours, theirs, atol=1e-3)


def test_it_draws_what_it_is_told(model):
    """A blue wall is blue, a red one red: the corner of a picture, from the same noise."""
    read = reader_of(model)
    texts = [f"a photo of a person on a {colour} background" for colour in ("red", "blue")]
    start = torch.randn(1, 4, 16, 16, generator=torch.Generator().manual_seed(1)).repeat(2, 1, 1, 1)
    levels = model.schedule.path(below(model.schedule.time_of(1.0), 12))
    with torch.no_grad():
        made = last(solve(guided(model, read(texts), 5.0), start, levels))
        corner = model.codec.decode(made)[..., :24, :24].mean((2, 3))
    assert corner[0].argmax() == 0
    assert corner[1].argmax() == 2


def test_an_edit_takes_it_unasked_and_keeps_what_lies_elsewhere(tmp_path):
    result = overpaint.edit(
        PORTRAIT,
        "a photo of a person on a green background",
        source_prompt="a photo of a person on a blue background",
        method="prompt-to-prompt",
        num_inference_steps=8,
    )
    assert result.record.model == "portraits-latent"
    before = np.asarray(overpaint.edit(PORTRAIT, method="sdedit", strength=0).images[0])
    after, mask = np.asarray(result.images[0]), np.asarray(result.mask)
    assert np.array_equal(after[mask == 0], before[mask == 0])
    assert not np.array_equal(after, before)
