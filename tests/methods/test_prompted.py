"""SDEdit and Blended Diffusion on a model that reads texts."""

from dataclasses import replace

import pytest
import torch

from overpaint import parts
from overpaint.core.rng import NoiseStream
from overpaint.errors import OptionError
from overpaint.methods import registry
from overpaint.methods.blended import Options as Blending
from overpaint.methods.blended import guided as blending
from overpaint.methods.prompted import led, led_or_classed
from overpaint.methods.registry import Region, Run, Task
from overpaint.models.bundle import Calls
from overpaint.models.prompting import guided
from overpaint.models.zoo import load

from ..contract.conftest import clip

MODEL = load("tiny-text")
LEVEL = MODEL.schedule.at(600)
IMAGE = torch.rand(1, 3, 16, 16, generator=torch.Generator().manual_seed(0)) * 2 - 1
LEFT = torch.zeros(1, 1, 16, 16)
LEFT[..., :8] = 1
X = NoiseStream((1,)).randn((1, 4, 8, 8))


def eps(denoise):
    with torch.no_grad():
        return denoise(X, LEVEL).eps


def made(method, task, *, given=None, model=MODEL, **options):
    found = registry.find(method)
    chosen = registry.parse_options(found, {"num_inference_steps": 3, **options})
    with_parts = parts.resolve(found, model, task, given or {}, options=chosen)
    return registry.perform(found, model, task, chosen, Run((0,)), with_parts).images, with_parts


def test_sdedit_follows_the_prompt_by_five():
    told = guided(MODEL, MODEL.text(["a red hat"]), 5.0)
    assert torch.equal(eps(led_or_classed(MODEL, Task(IMAGE, "a red hat"), None, None)), eps(told))
    one, other = (made("sdedit", Task(IMAGE, text))[0] for text in ("a red hat", "a dog"))
    assert not torch.allclose(one, other, atol=0.01)


def test_without_a_prompt_sdedit_asks_the_model_itself():
    assert torch.allclose(eps(led_or_classed(MODEL, Task(IMAGE, " "), None, None)), eps(MODEL))


@pytest.mark.parametrize(
    ("options", "prompt", "said"),
    [
        ({"guidance_scale": 3}, "", "guidance_scale needs a prompt to guide to"),
        ({"label": 1}, "a hat", "tiny-text has no classes"),
    ],
)
def test_what_leads_nowhere_is_refused(options, prompt, said):
    with pytest.raises(OptionError, match=said):
        made("sdedit", Task(IMAGE, prompt), **options)


def test_a_model_that_reads_no_text_is_as_before():
    pixel = load("tiny")
    assert led_or_classed(pixel, Task(IMAGE, "a red hat"), None, None) is pixel
    with pytest.raises(OptionError, match="guidance_scale needs a class"):
        led_or_classed(pixel, Task(IMAGE, "a red hat"), None, 7.5)


def test_regions_that_overlap_share_and_an_empty_text_leads_nowhere():
    one = Task(IMAGE, regions=(Region(LEFT, "a red hat"), Region(LEFT, "a red hat")))
    both = eps(led(MODEL, one, 7.5))[..., :4]
    assert torch.allclose(both, eps(led(MODEL, Task(IMAGE, "a red hat"), 7.5))[..., :4], atol=1e-4)
    none = led(MODEL, Task(IMAGE, regions=(Region(LEFT, " "),)), 7.5)
    assert torch.allclose(eps(none), eps(MODEL))


def test_regions_may_be_larger_than_they_are():
    task = Task(IMAGE, regions=(Region(LEFT, "a red hat"),))
    wide = eps(led(MODEL, task, 7.5, grow=2))
    assert torch.allclose(wide[..., 4], eps(led(MODEL, Task(IMAGE, "a red hat"), 7.5))[..., 4])
    assert torch.allclose(wide[..., 5:], eps(MODEL)[..., 5:], atol=1e-5)


def test_blended_follows_the_text_by_the_model_and_loads_no_clip():
    images, with_parts = made("blended", Task(IMAGE, "a red hat", mask=LEFT))
    assert with_parts == {}
    assert torch.equal(images[..., 8:], IMAGE[..., 8:])
    other, _ = made("blended", Task(IMAGE, "a dog", mask=LEFT))
    assert not torch.allclose(images, other, atol=0.01)


def test_blended_asks_the_network_once_a_step():
    counted = replace(MODEL, calls=Calls())
    made("blended", Task(IMAGE, "a red hat", mask=LEFT), model=counted)
    assert counted.calls.count == 3


def test_what_guides_is_chosen():
    task, rng = Task(IMAGE, "a red hat", mask=LEFT), NoiseStream((0,))
    told = eps(guided(MODEL, MODEL.text(["a red hat"]), 5.0))
    found = {
        guide: eps(blending(MODEL, task, Blending(guide=guide), rng, clip()))
        for guide in (None, "model", "clip", "both")
    }
    assert torch.equal(found[None], told)
    assert torch.equal(found["model"], told)
    alone = blending(MODEL, task, Blending(guide="clip", guidance_scale=0), rng, clip())
    assert torch.allclose(eps(alone), eps(MODEL), atol=1e-5)
    assert not torch.allclose(found["clip"], eps(MODEL), atol=1e-3)
    beside = blending(MODEL, task, Blending(guide="both", clip_scale=0), rng, clip())
    assert torch.allclose(eps(beside), told, atol=1e-5)
    assert not torch.allclose(found["both"], told, atol=1e-3)


def test_clip_guides_a_model_that_reads_no_text_as_before():
    images, with_parts = made(
        "blended", Task(IMAGE, "a red hat", mask=LEFT), given={"clip": clip()}, model=load("tiny")
    )
    assert "clip" in with_parts
    same, _ = made(
        "blended",
        Task(IMAGE, "a red hat", mask=LEFT),
        given={"clip": clip()},
        model=load("tiny"),
        guide="clip",
    )
    assert torch.equal(images, same)


def test_a_clip_that_would_be_idle_is_refused():
    with pytest.raises(OptionError, match="goes without the clip that is given"):
        made("blended", Task(IMAGE, "a red hat", mask=LEFT), given={"clip": clip()})


@pytest.mark.parametrize(
    ("options", "model", "said"),
    [
        ({"guide": "model"}, "tiny", "tiny reads no text"),
        ({"loss": "arc"}, "tiny-text", "loss has no effect with guide=model"),
        ({"guide": "model", "views": 3}, "tiny-text", "views has no effect with guide=model"),
        ({"clip_scale": 1}, "tiny-text", "clip_scale has no effect without guide=both"),
        ({"guide": "both", "form": "paper", "clip_scale": 1}, "tiny-text", "guide=both"),
    ],
)
def test_what_cannot_guide_is_refused(options, model, said):
    with pytest.raises(OptionError, match=said):
        made("blended", Task(IMAGE, "a red hat", mask=LEFT), model=load(model), **options)


@pytest.mark.parametrize("prompt", ["", "a red hat"])
def test_a_guidance_of_both_may_be_the_papers(prompt):
    task = Task(IMAGE, prompt, mask=LEFT)
    images, _ = made(
        "blended", task, given={"clip": clip()}, guide="both", form="paper", guidance_scale=2
    )
    assert torch.isfinite(images).all()
