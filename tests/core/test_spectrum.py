"""A gradient is left what its picture may still change."""

import pytest
import torch

from overpaint.core.schedule import NoiseSchedule
from overpaint.core.spectrum import smoothed

SCHEDULE = NoiseSchedule.linear()
SPECKLES = torch.randn(2, 3, 24, 16, generator=torch.Generator().manual_seed(0))


def rough(values):
    """The share of the energy that lies in differences of neighbours."""
    return float((values[..., 1:] - values[..., :-1]).square().sum() / values.square().sum())


def test_the_more_noise_the_smoother():
    found = [rough(smoothed(SPECKLES, SCHEDULE.at(t))) for t in (900, 500, 100, 5)]
    assert found == sorted(found)
    assert found[0] < 0.3 * found[-1]


def test_a_flat_gradient_stays():
    flat = torch.ones(1, 3, 16, 16)
    torch.testing.assert_close(smoothed(flat, SCHEDULE.at(600)), flat)


def test_without_noise_all_frequencies_are_alike():
    found = smoothed(SPECKLES, SCHEDULE.at(0), variance=1e6, power=0.0)
    torch.testing.assert_close(found, SPECKLES)


def test_each_picture_and_colour_by_itself():
    whole = smoothed(SPECKLES, SCHEDULE.at(300))
    torch.testing.assert_close(smoothed(SPECKLES[1:, 2:], SCHEDULE.at(300)), whole[1:, 2:])


@pytest.mark.parametrize("t", [50, 400, 900])
def test_it_is_the_posterior_covariance_of_such_pictures(t):
    """Of a Gaussian with this spectrum: drawn, noised, and regressed on what is seen."""
    level, size = SCHEDULE.at(t), 8
    rows = torch.fft.fftfreq(size, 1 / size)
    spectrum = (1 + torch.hypot(rows[:, None], rows)) ** -2.0
    spectrum = spectrum * (0.25 / spectrum.mean())
    posterior = 1 / (1 / spectrum + level.alpha**2 / level.sigma**2)  # precisions add
    wave = torch.fft.ifft2(torch.fft.fft2(SPECKLES[:, :, :size, :size]) * posterior).real
    expected = wave / posterior.max()
    torch.testing.assert_close(smoothed(SPECKLES[:, :, :size, :size], level), expected)
