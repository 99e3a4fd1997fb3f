"""How close a picture is to another, pixel by pixel; (B, 3, H, W) in [0, 1], float64 inside."""

import torch
from torch import Tensor
from torch.nn import functional as F

from overpaint.errors import OptionError
from overpaint.metrics.registry import metric

WINDOW = 11  # pixels, Gaussian of this deviation (Wang et al. 2004)
DEVIATION = 1.5


@metric("mae", unit="of full scale", better="lower")
def mae(images: Tensor, reference: Tensor) -> Tensor:
    """Mean absolute error."""
    return (images - reference).abs().flatten(1).mean(1)


@metric("mse", unit="of full scale squared", better="lower")
def mse(images: Tensor, reference: Tensor) -> Tensor:
    """Mean squared error."""
    return (images - reference).square().flatten(1).mean(1)


@metric("l2", unit="of full scale squared, over 256 x 256 pixels", better="lower")
def l2(images: Tensor, reference: Tensor) -> Tensor:
    """Squared distance, summed over colours and pixels as if of a 256 x 256 picture (2108.01073).

    So pictures of any size compare with each other, and with what the paper reports.
    """
    return (images - reference).square().flatten(1).mean(1) * (3 * 256 * 256)


@metric("psnr", unit="dB", better="higher")
def psnr(images: Tensor, reference: Tensor) -> Tensor:
    """Peak signal-to-noise ratio of full scale 1; infinite for equal pictures."""
    return -10 * torch.log10((images - reference).square().flatten(1).mean(1))


@metric("ssim", unit="", better="higher")
def ssim(images: Tensor, reference: Tensor) -> Tensor:
    """Structural similarity, mean over colours and over windows that lie inside the picture."""
    return ssim_map(images, reference).flatten(1).mean(1)


def ssim_map(images: Tensor, reference: Tensor) -> Tensor:
    """Structural similarity (B, 3, H - 10, W - 10), of each window that lies inside the picture."""
    if min(images.shape[-2:]) < WINDOW:
        raise OptionError(f"ssim needs pictures of at least {WINDOW} x {WINDOW} pixels")
    mu_x, mu_y = _windowed(images), _windowed(reference)
    var_x = _windowed(images * images) - mu_x * mu_x
    var_y = _windowed(reference * reference) - mu_y * mu_y
    both = _windowed(images * reference) - mu_x * mu_y
    c1, c2 = 0.01**2, 0.03**2
    return ((2 * mu_x * mu_y + c1) * (2 * both + c2)) / (
        (mu_x * mu_x + mu_y * mu_y + c1) * (var_x + var_y + c2)
    )


def _windowed(x: Tensor) -> Tensor:
    """The Gaussian mean around each pixel whose window fits."""
    distance = torch.arange(WINDOW, dtype=x.dtype, device=x.device) - WINDOW // 2
    weights = torch.exp(-(distance**2) / (2 * DEVIATION**2))
    weights = (weights / weights.sum()).repeat(x.shape[1], 1, 1, 1)
    groups = x.shape[1]
    across = F.conv2d(x, weights, groups=groups)
    return F.conv2d(across, weights.transpose(2, 3), groups=groups)
