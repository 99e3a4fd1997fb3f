"""The embedded models' networks, before they are trained."""

import torch

from overpaint.core.schedule import NoiseSchedule
from overpaint.models.networks import pixel_unet


def test_an_untrained_predictor_passes_the_noise_on():
    torch.manual_seed(0)
    net, rng = pixel_unet(size=32).eval(), torch.Generator().manual_seed(0)
    level = NoiseSchedule.linear().at(800)
    x0, eps = (torch.randn(4, 48, 8, 8, generator=rng) for _ in range(2))
    x = level.noised(0.5 * x0, eps)
    with torch.no_grad():
        predicted = net(x, torch.full((4,), level.t)).sample
    assert (predicted - x / x.std()).abs().max() < 0.5
    assert (predicted - eps).square().mean() < 0.02
