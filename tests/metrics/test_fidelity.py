"""Fidelity metrics have their textbook values."""

import math

import pytest
import torch

import overpaint
from overpaint.errors import OptionError
from overpaint.metrics.fidelity import mae, mse, psnr, ssim
from overpaint.metrics.registry import PICTURES as OF_PICTURES
from overpaint.metrics.registry import TAKES

PICTURES = torch.rand(3, 3, 20, 24, generator=torch.Generator().manual_seed(0))


def test_a_constant_offset_has_known_errors():
    shifted = PICTURES + 0.1
    assert torch.allclose(mae(shifted, PICTURES), torch.full((3,), 0.1).double())
    assert torch.allclose(mse(shifted, PICTURES), torch.full((3,), 0.01).double())
    assert torch.allclose(psnr(shifted, PICTURES), torch.full((3,), 20.0).double())


def test_equal_pictures_are_perfect():
    assert mae(PICTURES, PICTURES).max() == 0
    assert psnr(PICTURES, PICTURES).min() == math.inf
    assert torch.allclose(ssim(PICTURES, PICTURES), torch.ones(3).double())


def test_ssim_of_flat_pictures_is_its_luminance_term():
    a, b = torch.full((1, 3, 16, 16), 0.3), torch.full((1, 3, 16, 16), 0.6)
    expected = (2 * 0.3 * 0.6 + 1e-4) / (0.3**2 + 0.6**2 + 1e-4)
    assert ssim(a, b).item() == pytest.approx(expected)


def test_ssim_of_one_window_is_the_formula_over_its_gaussian():
    x, y = PICTURES[:1, :1, :11, :11].double(), PICTURES[1:2, :1, :11, :11].double()
    d = torch.arange(11).double() - 5
    weight = torch.exp(-(d[:, None] ** 2 + d**2) / 4.5)
    weight /= weight.sum()
    mx, my = (weight * x).sum(), (weight * y).sum()
    vx, vy = (weight * (x - mx) ** 2).sum(), (weight * (y - my) ** 2).sum()
    both = (weight * (x - mx) * (y - my)).sum()
    top = (2 * mx * my + 1e-4) * (2 * both + 9e-4)
    expected = top / ((mx**2 + my**2 + 1e-4) * (vx + vy + 9e-4))
    assert ssim(x, y).item() == pytest.approx(expected.item(), abs=1e-9)


def test_metrics_are_symmetric_and_worse_with_more_noise():
    noise = torch.randn(PICTURES.shape, generator=torch.Generator().manual_seed(1))
    ours = [m for m in overpaint.metrics().values() if m.takes == OF_PICTURES and not m.library]
    for metric in ours:
        little, much = (metric(PICTURES + s * noise, PICTURES) for s in (0.01, 0.1))
        assert ((little < much) == (metric.better == "lower")).all()
        assert torch.allclose(
            metric(PICTURES, PICTURES + noise), metric(PICTURES + noise, PICTURES)
        )


def test_other_shapes_are_errors():
    with pytest.raises(OptionError, match="one shape"):
        mae(PICTURES, PICTURES[:2])
    with pytest.raises(OptionError, match="at least 11"):
        ssim(PICTURES[..., :8, :8], PICTURES[..., :8, :8])


def test_every_metric_says_its_direction():
    assert {m.better for m in overpaint.metrics().values()} == {"lower", "higher"}
    assert {m.takes for m in overpaint.metrics().values()} == set(TAKES)
