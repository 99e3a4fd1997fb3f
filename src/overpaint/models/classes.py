"""The classes that a network may be asked for, and the one that says nothing."""

from dataclasses import dataclass

import torch
from torch import Tensor

from overpaint.errors import OptionError


@dataclass(frozen=True)
class Classes:
    """Of a class-conditional network: `null` is the class it is asked for where none is given."""

    count: int
    null: int | None = None

    def labels(self, cond: Tensor | None, x: Tensor) -> Tensor:
        """`cond`, class indices (B,) int64 in [0, count), or the null class; beside `x` (B, ...).

        Raises:
            OptionError: no class is given and the network has no null class, or `cond` is no class.
        """
        allowed = f"indices (B,) in [0, {self.count - 1}]"
        if cond is None:
            if self.null is None:
                raise OptionError("This model draws nothing without a class", f"give {allowed}")
            return torch.full((len(x),), self.null, device=x.device)
        if cond.dtype != torch.int64 or cond.shape != (len(x),):
            got = f"{tuple(cond.shape)} {str(cond.dtype).removeprefix('torch.')}"
            raise OptionError(f"cond must be class {allowed} of int64", f"got {got} for {len(x)}")
        if not bool(((cond >= 0) & (cond < self.count)).all()):
            raise OptionError(f"cond must be class {allowed}", f"got {cond.tolist()}")
        return cond.to(x.device)
