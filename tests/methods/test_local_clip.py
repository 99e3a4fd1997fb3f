"""The paper's baseline: a loss keeps the background, where it is not pasted back."""

import torch

from overpaint.methods import guiding
from overpaint.methods.local_clip import Options, local_clip
from overpaint.methods.registry import Run, Task

from .test_blended import IMAGE, MASK, Colours, model


def local(prompt="red", **options):
    chosen = Options(**{"num_inference_steps": 10, **options})
    with torch.no_grad():
        task = Task(IMAGE, prompt, mask=MASK)
        return local_clip(model(), task, chosen, Run((0, 1)), clip=Colours())


def test_the_baseline_keeps_the_background_by_its_loss_alone():
    def lost(weight):
        images = local(paste=False, background_lambda=weight).images
        return guiding.disturbed(images, IMAGE, MASK).mean()

    assert lost(10000.0) < 0.5 * lost(0.0)
    assert lost(10000.0) > 0


def test_the_baselines_result_is_shown_whole_only_if_asked():
    pasted, bare = local(), local(paste=False)
    assert (pasted.whole, bare.whole) == (False, True)
    assert torch.equal((pasted.images * (1 - MASK))[0], (IMAGE * (1 - MASK))[0])
    assert torch.equal(pasted.images * MASK, bare.images * MASK)
