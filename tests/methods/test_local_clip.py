"""The paper's baseline: a loss keeps the background, where it is not pasted back."""

from dataclasses import replace

import pytest
import torch

from overpaint.errors import OptionError
from overpaint.methods import guiding
from overpaint.methods.local_clip import Options, local_clip
from overpaint.methods.registry import Region, Run, Task

from .test_blended import IMAGE, MASK, Colours, model


def local(prompt="red", **options):
    chosen = Options(**{"num_inference_steps": 10, **options})
    with torch.no_grad():
        task = Task(IMAGE, prompt, mask=MASK)
        return local_clip(model(), task, chosen, Run((0, 1)), clip=Colours())


def test_the_baseline_keeps_the_background_by_its_loss_alone():
    def lost(weight):
        images = local(paste=False, background_lambda=weight).images
        return guiding.changed_outside(images, IMAGE, MASK).mean()

    assert lost(10000.0) < 0.5 * lost(0.0)
    assert lost(10000.0) > 0


def test_the_baselines_result_is_shown_whole_only_if_asked():
    pasted, bare = local(), local(paste=False)
    assert (pasted.whole, bare.whole) == (False, True)
    assert torch.equal((pasted.images * (1 - MASK))[0], (IMAGE * (1 - MASK))[0])
    assert torch.equal(pasted.images * MASK, bare.images * MASK)


def test_the_baseline_takes_its_texts_from_regions_and_needs_one():
    left, right = MASK, MASK.flip(3)
    regions = (Region(left, "red"), Region(right, ""))
    clip, options = Colours(), Options(num_inference_steps=2)
    task = Task(IMAGE, regions=regions, mask=left + right)
    with torch.no_grad():
        assert local_clip(model(), task, options, Run(), clip=clip).images.isfinite().all()
        assert clip.seen > 0
        with pytest.raises(OptionError, match="needs a text"):
            local_clip(model(), replace(task, regions=regions[1:]), options, Run(), clip=clip)
