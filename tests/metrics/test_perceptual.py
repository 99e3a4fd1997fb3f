"""LPIPS is the library's own, of pictures in [0, 1]; without the library that is said."""

import pytest
import torch

import overpaint
from overpaint.errors import ModelNotFoundError, OptionError
from overpaint.metrics.perceptual import lpips

from .. import extras

IMAGES = torch.rand(3, 3, 32, 40, generator=torch.Generator().manual_seed(0))
OTHERS = IMAGES.flip(3)
SQUARE = (2 * (IMAGES - OTHERS)).square().mean((1, 2, 3))  # of what lies in [-1, 1]


@pytest.mark.parametrize("net", ["alex", "vgg", "squeeze"])
def test_each_network_sees_pictures_in_the_range_it_was_made_for(library, net):
    library("lpips", extras.lpips())
    found = lpips(net)(IMAGES.double(), OTHERS.double())
    assert found.shape == (3,)
    assert torch.allclose(found, len(net) * SQUARE)
    assert not found.requires_grad


def test_the_metrics_are_of_their_networks(library):
    library("lpips", extras.lpips())
    for name, net in {"lpips": "alex", "lpips-vgg": "vgg", "lpips-squeeze": "squeeze"}.items():
        metric = overpaint.metrics()[name]
        assert (metric.better, metric.library) == ("lower", "lpips")
        assert torch.allclose(metric(IMAGES, OTHERS).float(), len(net) * SQUARE)


def test_without_the_library_metrics_are_listed_and_the_extra_is_named(library):
    library("lpips", None)
    with pytest.raises(
        OptionError, match=r'library lpips(.|\n)*pip install "overpaint\[metrics\]"'
    ):
        overpaint.metrics()["lpips"](IMAGES, OTHERS)


def test_weights_are_never_downloaded(library, capfd):
    library("lpips", extras.lpips("vgg"))
    fetch = torch.hub.download_url_to_file
    with pytest.raises(ModelNotFoundError, match=r"network vgg are not(.|\n)*LPIPS\(net=\"vgg\"\)"):
        lpips("vgg")
    assert torch.hub.download_url_to_file is fetch
    assert capfd.readouterr() == ("", "")
    lpips("alex")


def test_what_it_cannot_see_is_refused(library):
    library("lpips", extras.lpips())
    with pytest.raises(OptionError, match="no network 'resnet'"):
        lpips("resnet")
    with pytest.raises(OptionError, match="at least 32 x 32"):
        lpips()(IMAGES[..., :31], OTHERS[..., :31])
