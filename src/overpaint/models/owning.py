"""Tensors that were read from a file, made ours."""

from pathlib import Path

import torch
from torch import Tensor

from overpaint.errors import NumericsError


def owned(name: str, tensor: Tensor, path: Path) -> Tensor:
    """A copy of a tensor that was read from `path`, finite, as float32 (integers as they are)."""
    floating = tensor.is_floating_point()
    # A copy: the file may change or go while the model lives.
    copy = tensor.detach().to(torch.float32 if floating else tensor.dtype, copy=True)
    if floating and not bool(torch.isfinite(copy).all()):
        raise NumericsError(f"{path} holds NaN or infinity", f"in the tensor {name!r:.80}")
    return copy.contiguous()
