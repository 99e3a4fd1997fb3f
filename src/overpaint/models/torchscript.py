"""Tensors out of a TorchScript archive, whose program is never run.

The archive is a zip: `data.pkl` says which module holds which tensor, `data/0` and so on are their
numbers, `code/` is the program.
"""

import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import prod
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from overpaint.errors import UnsafeFileError
from overpaint.models.inert import Kept, Made, read_records

PICKLE_BYTES = 8 << 20
ENTRIES = 100_000  # modules, tensors and settings
NAME = 1000  # characters
STORAGES = {
    "torch.DoubleStorage": torch.float64,
    "torch.FloatStorage": torch.float32,
    "torch.HalfStorage": torch.float16,
    "torch.BFloat16Storage": torch.bfloat16,
    "torch.LongStorage": torch.int64,
    "torch.IntStorage": torch.int32,
    "torch.ShortStorage": torch.int16,
    "torch.CharStorage": torch.int8,
    "torch.ByteStorage": torch.uint8,
    "torch.BoolStorage": torch.bool,
}
UNSOUND = (
    *(zipfile.BadZipFile, OSError, EOFError, RuntimeError),
    *(ValueError, TypeError, LookupError, AttributeError),
)
TENSOR = "torch._utils._rebuild_tensor_v2"
PLAIN = re.compile(
    r"__torch__\.[\w.]+|collections\.OrderedDict|torch\.device|torch\.jit\._pickle\.\w+"
)


def is_torchscript(path: Path) -> bool:
    """Whether a file is a zip with the constants of a program in it."""
    if not zipfile.is_zipfile(path):
        return False
    try:
        with zipfile.ZipFile(path) as file:
            return any(name.endswith("/constants.pkl") for name in file.namelist())
    except (zipfile.BadZipFile, OSError, ValueError):
        return False


def read_torchscript(path: Path) -> dict[str, Tensor]:
    """All tensors in an archive under their dotted names, in the dtype in which they are stored.

    Raises:
        UnsafeFileError: it is damaged, or describes what no sound archive does.
    """
    try:
        with zipfile.ZipFile(path) as file:
            archive = _Archive.of(file, path.stat().st_size)
            root = read_records(archive.bytes("data.pkl", PICKLE_BYTES), _allowed)
            tensors = {name: archive.tensor(made) for name, made in _held(root)}
            if sum(tensor.nbytes for tensor in tensors.values()) > 2 * archive.size:
                raise ValueError("its tensors are larger than it is")
    except UNSOUND as error:
        what = f"{path} is not a sound TorchScript archive"
        raise UnsafeFileError(what, str(error)[:200] or type(error).__name__) from error
    return tensors


def _allowed(name: str) -> bool:
    return name == TENSOR or name in STORAGES or PLAIN.fullmatch(name) is not None


def _held(root: Any) -> Iterator[tuple[str, Made]]:
    """The tensors of a module and of those inside it, each with its dotted name."""
    if not (isinstance(root, Made) and isinstance(root.state, dict)):
        raise ValueError("its pickle holds no module")
    waiting, seen = [("", root)], 0
    while waiting:
        prefix, module = waiting.pop()
        if not isinstance(module.state, dict):
            continue
        for key, value in module.state.items():
            seen += 1
            name = f"{prefix}{key}"
            if seen > ENTRIES or len(name) > NAME:
                raise ValueError("its modules do not end")
            if isinstance(value, Made) and value.of.name == TENSOR:
                yield name, value
            elif isinstance(value, Made):
                waiting.append((f"{name}.", value))


@dataclass(frozen=True)
class _Archive:
    """An open zip, of which each file is read once and only as it stands, not compressed."""

    file: zipfile.ZipFile
    top: str
    size: int
    storages: dict[str, Tensor] = field(default_factory=dict)

    @classmethod
    def of(cls, file: zipfile.ZipFile, size: int) -> "_Archive":
        """The archive in an open zip of `size` bytes."""
        tops = [n.removesuffix("data.pkl") for n in file.namelist() if n.count("/") == 1]
        (top,) = {top for top in tops if top.endswith("/")}
        archive = cls(file, top, size)
        if f"{top}byteorder" in file.NameToInfo and archive.bytes("byteorder", 8) != b"little":
            raise ValueError("its numbers are not little-endian")
        return archive

    def bytes(self, name: str, most: int) -> bytes:
        """What the file `name` holds, at most `most` bytes."""
        info = self.file.getinfo(self.top + name)
        stored = info.compress_type == zipfile.ZIP_STORED and info.file_size == info.compress_size
        if not stored or info.file_size > min(most, self.size):
            raise ValueError(f"its {name[:80]} is compressed or too large")
        return self.file.read(info)

    def tensor(self, made: Made) -> Tensor:
        """The tensor that a record describes, a view into its storage."""
        kept, offset, shape, stride = made.args[:4]
        storage = self._storage(kept)
        counts = (offset, *shape, *stride)
        if not all(type(count) is int and 0 <= count <= self.size for count in counts):
            raise ValueError("a tensor's shape is out of bounds")
        reach = offset + sum((n - 1) * step for n, step in zip(shape, stride, strict=True)) + 1
        elements = prod(shape)
        if elements and max(reach, elements) > storage.numel():
            raise ValueError("a tensor reaches beyond its storage")
        if not elements:
            return storage.new_empty(shape)
        return storage.as_strided(shape, stride, offset)

    def _storage(self, kept: Any) -> Tensor:
        """The numbers `(n,)` that lie beside the pickle, read once."""
        if not isinstance(kept, Kept):
            raise ValueError("a tensor has no storage")
        _, kind, key, _, count = kept.key
        dtype = STORAGES[kind.name]
        if key not in self.storages:
            data = bytearray(self.bytes(f"data/{key}", self.size))
            empty = torch.empty(0, dtype=dtype)
            self.storages[key] = torch.frombuffer(data, dtype=dtype) if data else empty
        storage = self.storages[key]
        if storage.dtype != dtype or storage.numel() != count:
            raise ValueError(f"the storage {str(key)[:20]} is not what its tensors say")
        return storage
