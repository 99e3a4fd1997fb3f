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
    except pickle.UnpicklingError as error:
        why = "it holds more than tensors, which could be code"
        raise UnsafeFileError(f"{path} is not a plain state dict", why) from error
    except (RuntimeError, ValueError, EOFError, OSError) as error:
        why = "it is damaged, or of another format"
        raise UnsafeFileError(f"{path} is not a plain state dict", why) from error
    tensors = found.get("state_dict", found) if isinstance(found, Mapping) else {}
    named = {k: v for k, v in tensors.items() if isinstance(v, Tensor)}
    if not named:
        raise UnsafeFileError(f"{path} holds no tensors")
    return named
