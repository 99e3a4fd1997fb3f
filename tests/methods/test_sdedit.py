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


@pytest.mark.parametrize("mask_as", ["blend", "strength"])
def test_grey_that_was_a_strength_is_not_mixed_too(mask_as):
    grey = Task(GUIDE, mask=torch.full((1, 1, 16, 16), 0.5))
    outcome = sdedit(model(), grey, Options(mask_as=mask_as, num_inference_steps=3), Run())
    assert outcome.graded == (mask_as == "strength")


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


def test_a_grey_mask_may_say_how_strongly_each_pixel_changes():
    mask = torch.tensor([0.0, 0.25, 0.5, 1.0]).repeat_interleave(4).expand(1, 1, 16, 16)
    task, run = Task(GUIDE, mask=mask), Run(tuple(range(64)))
    how = {"strength": 0.6, "num_inference_steps": 60, "solver": "ddim"}
    images = made(task, run, mask_as="strength", **how)
    moved = (images.mean(0) - GUIDE[0]).abs().mean((0, 1)).view(4, 4).mean(1).tolist()
    assert torch.equal(images[..., :4], GUIDE[..., :4].expand(64, -1, -1, -1))
    for share, here in zip((0.25, 0.5, 1.0), moved[1:], strict=True):
        alone = distance(made(Task(GUIDE), run, **{**how, "strength": 0.6 * share}))
        assert here == pytest.approx(alone, rel=0.15)
    blended = made(task, run, **how)
    assert not torch.allclose(blended, images, atol=0.1)


def test_a_white_mask_of_strengths_is_none():
    white = Task(GUIDE, mask=torch.ones(1, 1, 16, 16))
    how = {"num_inference_steps": 6, "mask_as": "strength", "solver": "dpmpp_2m"}
    assert torch.equal(made(white, **how), made(**how))


def test_the_noise_level_means_the_same_in_both_processes():
    """SDEdit of a Gaussian draws from p(x0 | x_t0), whose mean and deviation are known."""
    level, run = model().schedule.at(0.4 * 999), Run(tuple(range(64)))
    noise = (level.sigma / level.alpha) ** 2
    shrunk = 0.25 / (0.25 + noise)
    mean = smooth(0) + shrunk * 1.5
    variance = shrunk**2 * noise + 0.25 * noise / (0.25 + noise)
    for solver in ("vp", "ve", "ancestral"):
        images = made(strength=0.4, num_inference_steps=200, solver=solver, run=run)
        assert (images - mean).mean().abs() < 0.02, solver
        assert float((images - mean).var()) == pytest.approx(variance, rel=0.05), solver


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("strength", [1e-6, 0.5, 1.0])
def test_every_solver_takes_just_the_steps_that_are_asked_for(solver, strength):
    for steps in (1, 2, 5):
        one = model()
        options = Options(strength=strength, num_inference_steps=steps, solver=solver)
        images = sdedit(one, Task(GUIDE), options, Run()).images
        assert one.calls.count == steps
        assert torch.isfinite(images).all()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"faithfulness": 100}, "faithfulness is for strength=auto"),
        ({"realism": 1, "strength": 0.4}, "realism is for strength=auto"),
        ({"real": "folder"}, "real is for strength=auto"),
        ({"strength": "auto", "faithfulness": 9, "realism": 1}, "both given"),
        ({"strength": 1.2}, "strength must be a number in"),
        ({"label": -1}, "label must be a whole number"),
    ],
)
def test_options_that_contradict_each_other_are_refused(given, said):
    with pytest.raises(OptionError, match=said):
        registry.parse_options(registry.find("sdedit"), given)
