"""Noise that belongs to a picture: one seed, one picture, whatever the batch or the device."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from overpaint.errors import OptionError


class NoiseStream:
    """One CPU generator for each picture of a batch; every draw advances all of them."""

    def __init__(self, seeds: Sequence[int]) -> None:
        self.seeds = tuple(seeds)
        self._generators = [torch.Generator().manual_seed(seed) for seed in self.seeds]

    def __len__(self) -> int:
        return len(self.seeds)

    def randn(
        self,
        shape: Sequence[int],
        device: torch.device | str = "cpu",
        dtype: torch.dtype = torch.float32,
    ) -> Tensor:
        """Standard normal noise of `shape` (B, ...), row i from seed i; drawn in float32."""
        return self._rows(torch.randn, shape).to(device, dtype)

    def rand(
        self,
        shape: Sequence[int],
        device: torch.device | str = "cpu",
        dtype: torch.dtype = torch.float32,
    ) -> Tensor:
        """Uniform numbers in [0, 1) of `shape` (B, ...), row i from seed i; drawn in float32."""
        return self._rows(torch.rand, shape).to(device, dtype)

    def randn_like(self, x: Tensor) -> Tensor:
        """Standard normal noise with the shape, device and dtype of `x` (B, ...)."""
        return self.randn(x.shape, x.device, x.dtype)

    def _rows(self, draw: Callable[..., Tensor], shape: Sequence[int]) -> Tensor:
        if shape[0] != len(self):
            raise OptionError(f"{len(self)} seeds cannot fill a batch of {shape[0]}")
        return torch.stack([draw(tuple(shape[1:]), generator=own) for own in self._generators])
