"""Views: the picture itself at strength zero, the same for the same generator, differentiable."""

import pytest
import torch

from overpaint.models.augment import Views, blurred

IMAGES = torch.rand(3, 3, 16, 20, generator=torch.Generator().manual_seed(0)) * 2 - 1
STILL = Views(scale=0, turn=0, shift=0, bend=0)
ALL = Views(noise=0.3, blur=1.0)


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def test_views_of_no_strength_are_the_picture():
    assert torch.allclose(STILL(IMAGES, rng()), IMAGES, atol=1e-4)


def test_the_same_generator_gives_the_same_views_and_each_picture_its_own():
    one, other = ALL(IMAGES, rng()), ALL(IMAGES, rng())
    assert torch.equal(one, other)
    assert not torch.equal(one, ALL(IMAGES, rng(1)))
    same = ALL(IMAGES[:1].repeat(2, 1, 1, 1), rng())
    assert not torch.allclose(same[0], same[1], atol=0.05)


@pytest.mark.parametrize(
    ("strength", "value"),
    [
        ("scale", 0.5),
        ("turn", 0.5),
        ("shift", 0.5),
        ("bend", 0.5),
        ("colour", 0.5),
        ("noise", 0.5),
        ("blur", 4.0),
    ],
)
def test_each_strength_acts_and_lets_gradients_through(strength, value):
    images = IMAGES.clone().requires_grad_()
    still = {"scale": 0, "turn": 0, "shift": 0, "bend": 0}
    seen = Views(**{**still, strength: value})(images, rng())
    assert seen.shape == images.shape
    assert (seen - images).abs().mean() > 0.005
    (seen**2).sum().backward()
    assert torch.isfinite(images.grad).all()
    assert (images.grad.abs().sum((1, 2, 3)) > 0).all()


def test_views_stay_within_what_the_picture_holds():
    seen = Views()(IMAGES, rng())  # warps alone repeat and average pixels
    assert float(seen.amin()) >= float(IMAGES.amin()) - 1e-5
    assert float(seen.amax()) <= float(IMAGES.amax()) + 1e-5


def test_noise_is_at_most_as_strong_as_named():
    noise = Views(scale=0, turn=0, shift=0, bend=0, noise=0.2)(torch.zeros(64, 3, 16, 16), rng())
    deviations = noise.flatten(1).std(1)
    assert float(deviations.amax()) < 0.22
    assert float(deviations.amin()) < 0.03


def test_blur_keeps_the_mean_and_leaves_the_sharp_alone():
    flat = torch.full((2, 3, 8, 8), 0.4)
    assert torch.allclose(blurred(flat, torch.tensor([0.0, 1.5])), flat, atol=1e-6)
    point = torch.zeros(2, 1, 17, 17)
    point[:, :, 8, 8] = 1
    sharp, soft = blurred(point, torch.tensor([0.0, 1.0]))
    assert torch.allclose(sharp, point[0], atol=1e-6)
    assert float(soft.sum()) == pytest.approx(1, abs=1e-5)
    ratio = soft[0, 8, 9] / soft[0, 8, 8]
    assert float(ratio) == pytest.approx(float(torch.exp(torch.tensor(-0.5))), abs=1e-5)
