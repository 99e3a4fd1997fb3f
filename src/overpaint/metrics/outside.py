"""How well a picture is kept where no change was asked for; the mean over the rest alone.

The published protocol of PIE-Bench blanks the region and takes the mean over the whole frame, so
that its numbers depend on the region's size: see `overpaint.bench`.
"""

import torch
from torch import Tensor

from overpaint.metrics.fidelity import WINDOW, ssim_map
from overpaint.metrics.registry import REGIONS, metric


@metric("background-mse", unit="of full scale squared", better="lower", takes=REGIONS)
def background_mse(images: Tensor, reference: Tensor, region: Tensor) -> Tensor:
    """Mean squared error outside the regions; NaN where a region is everywhere."""
    return _mean((images - reference).square(), 1 - region)


@metric("background-psnr", unit="dB", better="higher", takes=REGIONS)
def background_psnr(images: Tensor, reference: Tensor, region: Tensor) -> Tensor:
    """Peak signal-to-noise ratio of full scale 1 outside; infinite where nothing changed."""
    return -10 * torch.log10(_mean((images - reference).square(), 1 - region))


@metric("background-ssim", unit="", better="higher", takes=REGIONS)
def background_ssim(images: Tensor, reference: Tensor, region: Tensor) -> Tensor:
    """Structural similarity of the windows whose middle lies outside."""
    edge = WINDOW // 2
    middles = (1 - region)[..., edge:-edge, edge:-edge]
    return _mean(ssim_map(images, reference), middles)


def _mean(values: Tensor, weights: Tensor) -> Tensor:
    """The mean of each picture (B, C, H, W) under weights (B, 1, H, W)."""
    weights = weights.to(values).expand_as(values)
    return (values * weights).flatten(1).sum(1) / weights.flatten(1).sum(1)
