"""Noise that belongs to a picture: one seed, one picture, whatever the batch or the device."""

import operator
from collections.abc import Callable, Iterable, Sequence

import torch
from torch import Tensor

from overpaint.errors import OptionError

_SEED = "A seed is a whole number from 0 to 2^63 - 1"


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


def seeds_of(seed: int | Sequence[int], count: int) -> tuple[int, ...]:
    """One seed for each of `count` images: one is counted upwards from.

    Raises:
        OptionError: a seed is none, or there are more or fewer than images.
    """
    try:
        if listed := isinstance(seed, Iterable):
            seeds = [int(operator.index(each)) for each in seed]
        else:
            seeds = [operator.index(seed) + k for k in range(count)]
    except TypeError as error:
        raise OptionError(_SEED, f"not {seed!r:.60}") from error
    if not seeds or (listed and count not in (1, len(seeds))):
        what = f"{count} images cannot come of the seed {seed!r:.60}"
        raise OptionError(what, hint="Give one seed, or one for each image.")
    if min(seeds) < 0 or max(seeds) >= 2**63:
        raise OptionError(_SEED, f"not {min(seeds) if min(seeds) < 0 else max(seeds)}")
    return tuple(seeds)
