"""LPIPS (arXiv 1801.03924) as a loss, where the user has it: asked for when it is used."""

from collections.abc import Callable

import torch
from torch import Tensor

from overpaint.metrics.perceptual import network

Distance = Callable[[Tensor, Tensor], Tensor]
"""Of two batches `(B, 3, H, W)` in [-1, 1], how unlike they look."""


def lpips(device: torch.device | str = "cpu") -> Distance:
    """LPIPS over AlexNet, frozen.

    Raises:
        OptionError: the library is not installed.
        ModelNotFoundError: AlexNet's weights are not on this machine.
    """
    net = network("alex", device)

    def distance(images: Tensor, others: Tensor) -> Tensor:
        return net(images.float(), others.float()).mean()

    return distance
