"""LPIPS (arXiv 1801.03924), where the user has it: the package is asked for when it is used."""

import importlib
from collections.abc import Callable

import torch
from torch import Tensor

from overpaint.errors import OptionError

Distance = Callable[[Tensor, Tensor], Tensor]
"""Of two batches `(B, 3, H, W)` in [-1, 1], how unlike they look."""


def lpips(device: torch.device | str = "cpu") -> Distance:
    """LPIPS over AlexNet, frozen.

    Raises:
        OptionError: the package, torchvision, or AlexNet's weights are not on this machine.
    """
    try:
        package = importlib.import_module("lpips")
    except ImportError as error:
        hint = "Install it with `pip install lpips`, or leave lpips_weight at 0."
        why = f"{error}; it also needs torchvision"
        raise OptionError("lpips_weight needs the package lpips", why, hint) from error
    try:
        net = package.LPIPS(net="alex", verbose=False)
    except OSError as error:  # torchvision looks for them in its cache, then on the net
        why = f"torchvision has no weights of AlexNet: {error}"
        raise OptionError("LPIPS cannot be loaded", why, "Fetch them once while online.") from error
    net = net.to(device).eval().requires_grad_(False)

    def distance(images: Tensor, others: Tensor) -> Tensor:
        return net(images.float(), others.float()).mean()

    return distance
