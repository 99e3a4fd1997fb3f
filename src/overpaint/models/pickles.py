"""Read a checkpoint that is a pickle without running it: tensors by name, and nothing else."""

import re
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from overpaint.errors import ModelNotFoundError, UnsafeFileError
from overpaint.memory import ran_out
from overpaint.models.owning import owned
from overpaint.models.torchscript import is_torchscript

ZIP = b"PK\x03\x04"
# Where checkpoints keep their weights; the averaged ones, which are to be sampled from, first.
INSIDE = (
    "ema",
    "ema_state_dict",
    "params_ema",
    "state_dict",
    "model_state_dict",
    "model",
    "params",
)
PARALLEL = "module."  # before every name where a model was saved inside DataParallel
DEPTH = 3  # of dictionaries and lists around the weights
REFUSED = re.compile(r"GLOBAL ([\w.]+)")
SAVE = "Save its weights as safetensors with a program that you trust, then load that."


class Trainer:
    """Stands for a class of a training program that a file names; nothing of it is looked up."""


# Lightning, which trained Stable Diffusion, keeps its own state beside the weights, by class.
LIGHTNING = [
    (Trainer, f"{package}.callbacks.model_checkpoint.ModelCheckpoint")
    for package in ("pytorch_lightning", "lightning.pytorch", "lightning_fabric")
]


def read_pickled(path: Path) -> dict[str, Tensor]:
    """The weights in a file of `torch.save`, finite, floats as float32, by their names.

    Averaged weights are preferred where the file holds several; of optimisers and counters nothing
    is kept.

    Raises:
        UnsafeFileError: it could run code, is damaged, or claims more than it holds.
        ModelNotFoundError: it holds no weights by name.
        NumericsError: a weight is NaN or infinity.
    """
    found = _weights(_unpickled(path))
    if not found:
        why = "expected tensors by name, or a dictionary or list around them"
        raise ModelNotFoundError(f"{path} holds no weights that are known here", why)
    size = path.stat().st_size
    if sum(_bytes(name, tensor, path) for name, tensor in found.items()) > 2 * size:
        raise UnsafeFileError(f"{path} claims more numbers than it holds", f"it has {size} bytes")
    return {name.removeprefix(PARALLEL): owned(name, t, path) for name, t in found.items()}


def _unpickled(path: Path) -> Any:
    """What the file holds; only tensors and plain containers are ever built of it."""
    archived = _is_zip(path)
    try:
        if archived:
            _check_archive(path)
        with torch.serialization.safe_globals(list[Any](LIGHTNING)):
            return torch.load(path, map_location="cpu", weights_only=True, mmap=archived)
    except UnsafeFileError:
        raise
    except Exception as error:  # a damaged pickle fails in too many ways to name
        if ran_out(error):
            raise
        what = f"{path} cannot be read as plain weights"
        if called := REFUSED.search(str(error)):
            raise UnsafeFileError(what, f"it calls {called[1]}, and was not run", SAVE) from error
        raise UnsafeFileError(what, "it is damaged, or no checkpoint", "Download it anew.") from (
            error
        )


def _is_zip(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(ZIP)) == ZIP


def _check_archive(path: Path) -> None:
    """An archive of torch: stored as it is, no larger than its file, without code."""
    with zipfile.ZipFile(path) as archive:
        entries = archive.infolist()
    if is_torchscript(path):
        raise UnsafeFileError(f"{path} is a TorchScript archive", "it holds code", SAVE)
    packed = any(entry.compress_type != zipfile.ZIP_STORED for entry in entries)
    if packed or sum(entry.file_size for entry in entries) > path.stat().st_size:
        raise UnsafeFileError(f"{path} is packed", "torch stores its numbers as they are")


def _weights(content: Any) -> Mapping[str, Tensor]:
    """The tensors by name in `content`; empty where there are none."""
    return next(_candidates(content, DEPTH), {})


def _candidates(content: Any, depth: int) -> Iterator[Mapping[str, Tensor]]:
    """What may be meant by the weights in `content`, the best first."""
    if depth == 0:
        return
    if isinstance(content, list | tuple):
        # DDPM's trainers save [model, optimiser, epoch, step, average].
        for part in reversed(content[:16]):
            yield from _candidates(part, depth - 1)
    elif isinstance(content, dict):
        for name in INSIDE:
            yield from _candidates(content.get(name), depth - 1)
        if any(isinstance(value, Tensor) for value in content.values()):
            yield content


def _bytes(name: Any, tensor: Any, path: Path) -> int:
    """What a tensor takes; refused where it is no plain tensor under a name."""
    if not isinstance(name, str):
        raise UnsafeFileError(f"{path} does not hold weights by name", f"{name!r:.60} is one", SAVE)
    if not isinstance(tensor, Tensor):
        why = f"{name!r:.60} is a {type(tensor).__name__}, not a tensor"
        raise UnsafeFileError(f"{path} does not hold weights alone", why, SAVE)
    if tensor.layout != torch.strided or tensor.device.type != "cpu" or tensor.is_quantized:
        raise UnsafeFileError(f"{path} holds a tensor of a strange kind", f"{name!r:.60}", SAVE)
    return tensor.nbytes
