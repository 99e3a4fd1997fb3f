"""LPIPS (arXiv 1801.03924): how unlike two pictures look, by the library of its authors."""

import warnings
from collections.abc import Callable
from functools import cache
from typing import Any

import torch
from torch import Tensor

from overpaint.errors import OptionError
from overpaint.metrics.extras import importing, unfetched
from overpaint.metrics.registry import metric

NETS = ("alex", "vgg", "squeeze")
SMALLEST = 32  # pixels that every one of them sees something in
LIBRARY = "lpips"


def lpips(net: str = "alex") -> Callable[[Tensor, Tensor], Tensor]:
    """Distances (B,) of pictures (B, 3, H, W) in [0, 1], by one of `NETS`.

    Raises:
        OptionError: there is no such network, the library is not installed, or the pictures are
            smaller than `SMALLEST`.
        ModelNotFoundError: the network's weights are not on this machine.
    """
    _kept(net)

    def distance(images: Tensor, reference: Tensor) -> Tensor:
        if min(images.shape[-2:]) < SMALLEST:
            raise OptionError(f"LPIPS needs pictures of at least {SMALLEST} x {SMALLEST} pixels")
        with torch.no_grad():
            found = _kept(net, images.device)(images.float(), reference.float(), normalize=True)
        return found.flatten()

    return distance


def network(net: str, device: torch.device | str = "cpu") -> Any:
    """The library's, frozen: of two batches in [-1, 1] it gives distances (B, 1, 1, 1).

    Raises:
        OptionError, ModelNotFoundError: as `lpips`.
    """
    if net not in NETS:
        raise OptionError(f"LPIPS has no network {net!r}", hint=f"Use {', '.join(NETS)}.")
    with importing("LPIPS", LIBRARY):
        from lpips import LPIPS
    fetch = f'from lpips import LPIPS; LPIPS(net="{net}")'
    with unfetched(f"LPIPS's network {net}", fetch), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torchvision's, of how the library asks it for weights
        made = LPIPS(net=net, verbose=False)
    return made.to(device).eval().requires_grad_(False)


_kept = cache(network)


@metric("lpips", unit="", better="lower", library=LIBRARY)
def of_alexnet(images: Tensor, reference: Tensor) -> Tensor:
    """As most papers have it."""
    return lpips("alex")(images, reference)


@metric("lpips-vgg", unit="", better="lower", library=LIBRARY)
def of_vgg(images: Tensor, reference: Tensor) -> Tensor:
    """As it is trained with."""
    return lpips("vgg")(images, reference)


@metric("lpips-squeeze", unit="", better="lower", library=LIBRARY)
def of_squeezenet(images: Tensor, reference: Tensor) -> Tensor:
    """As PIE-Bench has it (arXiv 2310.01506)."""
    return lpips("squeeze")(images, reference)
