"""Outside a region only what is there counts, however large the region."""

import math

import pytest
import torch

from overpaint.errors import OptionError
from overpaint.metrics.fidelity import mse, psnr, ssim
from overpaint.metrics.outside import background_mse, background_psnr, background_ssim

PICTURES = torch.rand(2, 3, 24, 24, generator=torch.Generator().manual_seed(0))
LEFT = torch.zeros(2, 1, 24, 24)
LEFT[..., :12] = 1
NOWHERE, EVERYWHERE = torch.zeros_like(LEFT), torch.ones_like(LEFT)
INSIDE = PICTURES * (1 - LEFT) + (1 - PICTURES) * LEFT  # changed in the region alone


def test_what_changes_inside_does_not_count():
    assert (background_mse(INSIDE, PICTURES, LEFT) == 0).all()
    assert (background_psnr(INSIDE, PICTURES, LEFT) == math.inf).all()
    assert (mse(INSIDE, PICTURES) > 0).all()


def test_the_mean_is_over_the_outside_alone():
    shifted = PICTURES + 0.1
    for region in (LEFT, NOWHERE):
        found = background_mse(shifted, PICTURES, region)
        assert torch.allclose(found, torch.full((2,), 0.01).double())
        assert torch.allclose(
            background_psnr(shifted, PICTURES, region), torch.full((2,), 20.0).double()
        )


def test_without_a_region_they_are_the_plain_ones():
    noisy = PICTURES + 0.1 * torch.randn(PICTURES.shape, generator=torch.Generator().manual_seed(1))
    pairs = (background_mse, mse), (background_psnr, psnr), (background_ssim, ssim)
    for masked, plain in pairs:
        assert torch.allclose(masked(noisy, PICTURES, NOWHERE), plain(noisy, PICTURES))


def test_windows_in_the_region_do_not_count():
    far = torch.zeros_like(LEFT)
    far[..., :2] = 1
    changed = PICTURES.clone()
    changed[..., 0] = 0.5
    edge = changed[..., 6:], PICTURES[..., 6:]  # no window that has the first column
    assert (background_ssim(changed, PICTURES, far) < 1).any()
    wide = LEFT.clone()
    assert torch.allclose(background_ssim(changed, PICTURES, wide), torch.ones(2).double())
    assert torch.allclose(ssim(*edge), torch.ones(2).double())


def test_where_nothing_is_outside_there_is_no_number():
    assert background_mse(INSIDE, PICTURES, EVERYWHERE).isnan().all()


def test_regions_of_another_shape_are_refused():
    with pytest.raises(OptionError, match="needs regions"):
        background_mse(INSIDE, PICTURES, LEFT[:1])
