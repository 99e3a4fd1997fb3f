"""SDEdit: strength is a noise level, repeats go further, a soft mask acts softly."""

import pytest
import torch

from overpaint.core.schedule import NoiseSchedule
from overpaint.errors import OptionError
from overpaint.methods import registry
from overpaint.methods.registry import Run, Task
from overpaint.methods.sdedit import SOLVERS, Options, sdedit
from overpaint.models.bundle import Calls, DiffusionModel, Unshuffle

from .test_diffusionclip import Gaussian, smooth

GUIDE = smooth(0) + 1.5
RUN = Run(tuple(range(16)))


def model():
    return DiffusionModel(
        Gaussian(smooth(0)), NoiseSchedule.linear(), Unshuffle(), size=16, calls=Calls()
    )


def made(task=None, run=RUN, **options):
    with torch.no_grad():
        return sdedit(model(), task or Task(GUIDE), Options(**options), run).images


def distance(images):
    return float((images.mean(0) - GUIDE[0]).abs().mean())


@pytest.mark.parametrize("solver", SOLVERS)
def test_every_solver_samples_the_models_pictures_at_full_strength(solver):
    images = made(strength=1.0, num_inference_steps=100, solver=solver, run=Run(tuple(range(64))))
    offset = images - smooth(0)
    assert offset.mean().abs() < 0.03
    assert offset.std() == pytest.approx(0.5, abs=0.04)


def test_strength_is_continuous_and_monotone():
    moved = [distance(made(strength=s)) for s in (0.1, 0.2, 0.3, 0.301, 0.5, 0.8)]
    assert moved == sorted(moved)
    assert 0 < moved[3] - moved[2] < 0.01


def test_what_was_noised_is_drawn_anew_down_to_its_detail():
    of = lambda s: sdedit(model(), Task(GUIDE), Options(strength=s), Run()).redrawn  # noqa: E731
    assert of(0.1)
    assert not of(0.0)


def test_each_step_is_one_call():
    one = model()
    sdedit(one, Task(GUIDE), Options(num_inference_steps=7, repeats=3, strength=0.05), RUN)
    assert one.calls.count == 21


def test_repeats_go_further_towards_the_model():
    once, thrice = (distance(made(strength=0.3, repeats=r)) for r in (1, 3))
    assert thrice > 1.1 * once


@pytest.mark.parametrize("fresh", [True, False])
def test_outside_the_mask_is_the_guide_also_after_repeats(fresh):
    mask = torch.zeros(1, 1, 16, 16)
    mask[..., :6] = 1
    images = made(Task(GUIDE, mask=mask), repeats=2, fresh_noise=fresh, num_inference_steps=5)
    assert torch.equal(images[..., 6:], GUIDE[..., 6:].expand(16, -1, -1, -1))
    assert (images[..., :6] - GUIDE[..., :6]).abs().mean() > 0.1


def test_an_option_of_another_method_is_unknown():
    with pytest.raises(OptionError, match="no option 'guidance_scale'"):
        registry.parse_options(registry.find("sdedit"), {"guidance_scale": 7.5})
