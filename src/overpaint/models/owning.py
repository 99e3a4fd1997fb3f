"""Tensors that were read from a file, made ours."""

from pathlib import Path

import torch
from torch import Tensor

from overpaint.errors import NumericsError


def owned(name: str, tensor: Tensor, path: Path, *, copy: bool = True) -> Tensor:
    """A tensor that was read from `path`, finite, as float32 (integers as they are).

    copy: it may lie in the file still, which may change or go while the model lives.
    """
    floating = tensor.is_floating_point()
    ours = tensor.detach().to(torch.float32 if floating else tensor.dtype, copy=copy)
    if floating and not bool(torch.isfinite(ours).all()):
        raise NumericsError(f"{path} holds NaN or infinity", f"in the tensor {name!r:.80}")
    return ours.contiguous()
