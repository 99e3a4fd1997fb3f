"""Tensors out of a pickled state dict, by torch's reader that runs no code."""

import pickle
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from overpaint.errors import UnsafeFileError


def read_pickled(path: Path) -> dict[str, Tensor]:
    """The tensors of a pickled state dict by name.

    Raises:
        UnsafeFileError: it is damaged, or holds more than plain data.
    """
    try:
        found = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, ValueError, EOFError, OSError) as error:
        why = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        raise UnsafeFileError(f"{path} is not a sound pickled state dict", why) from error
    tensors = found.get("state_dict", found) if isinstance(found, Mapping) else {}
    named = {k: v for k, v in tensors.items() if isinstance(v, Tensor)}
    if not named:
        raise UnsafeFileError(f"{path} holds no tensors")
    return named
