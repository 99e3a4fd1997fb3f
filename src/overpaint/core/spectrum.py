"""How uncertain a picture still is at a noise level, frequency by frequency."""

import torch
from torch import Tensor

from overpaint.core.schedule import Level

VARIANCE = 0.25  # of a pixel of natural pictures, in [-1, 1] units
POWER = 2.0  # by which their spectrum falls with the frequency (Field 1987)


def smoothed(
    gradient: Tensor, level: Level, variance: float = VARIANCE, power: float = POWER
) -> Tensor:
    """A gradient with respect to a picture (B, C, H, W), times what the picture may still change.

    That is the covariance of x0 given x for Gaussian pictures of a falling spectrum, which a
    network's Jacobian is the true one of (arXiv 2209.14687, 2310.06721): where there is much noise,
    all but the coarse is settled by the coarse, so a speckled gradient says little.

    Args:
        variance: of a pixel. power: of 1 / (1 + cycles a side) that the spectrum follows.
    """
    height, width = gradient.shape[-2:]
    rows = torch.fft.fftfreq(height, 1 / height, device=gradient.device)
    columns = torch.fft.fftfreq(width, 1 / width, device=gradient.device)
    spectrum = (1 + torch.hypot(rows[:, None], columns)) ** -power
    spectrum = spectrum * (variance / spectrum.mean())
    noise = level.sigma**2
    open_yet = spectrum * noise / (level.alpha**2 * spectrum + noise)
    found = torch.fft.fft2(gradient.float()) * (open_yet / open_yet.max())
    return torch.fft.ifft2(found).real.to(gradient)
