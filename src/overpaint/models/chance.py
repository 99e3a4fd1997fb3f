"""Where the chance in a view comes from: one generator for a batch, or a picture's own."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor


class Draw(Protocol):
    """Where chance comes from, such as `core.rng.NoiseStream`, or `Whole`, or `Copies`."""

    def rand(self, shape: Sequence[int], device: torch.device | str = ..., /) -> Tensor: ...

    def randn(self, shape: Sequence[int], device: torch.device | str = ..., /) -> Tensor: ...


@dataclass(frozen=True)
class Whole:
    """One generator for the whole batch."""

    generator: torch.Generator

    def rand(self, shape: Sequence[int], device: torch.device | str = "cpu") -> Tensor:
        """Uniform numbers in [0, 1)."""
        rng = self.generator
        return torch.rand(tuple(shape), generator=rng, device=rng.device).to(device)

    def randn(self, shape: Sequence[int], device: torch.device | str = "cpu") -> Tensor:
        """Standard normal noise."""
        rng = self.generator
        return torch.randn(tuple(shape), generator=rng, device=rng.device).to(device)


@dataclass(frozen=True)
class Copies:
    """`count` rows for each one of `draw`, in the order of `x.repeat(count, 1, 1, 1)`.

    Over a `NoiseStream` each picture's copies are drawn from its own seed.
    """

    draw: Draw
    count: int

    def rand(self, shape: Sequence[int], device: torch.device | str = "cpu") -> Tensor:
        """Uniform numbers in [0, 1)."""
        return self.draw.rand(self._each(shape), device).transpose(0, 1).reshape(tuple(shape))

    def randn(self, shape: Sequence[int], device: torch.device | str = "cpu") -> Tensor:
        """Standard normal noise."""
        return self.draw.randn(self._each(shape), device).transpose(0, 1).reshape(tuple(shape))

    def _each(self, shape: Sequence[int]) -> tuple[int, ...]:
        return (shape[0] // self.count, self.count, *shape[1:])
