"""Read a checkpoint folder without trusting it: JSON and safetensors, never a pickle."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from overpaint.errors import ModelNotFoundError, NumericsError, UnsafeFileError

PICKLES = frozenset({".bin", ".ckpt", ".pt", ".pth", ".pkl", ".pickle"})
JSON_BYTES = 4 << 20
HEADER_BYTES = 16 << 20


@dataclass(frozen=True)
class Folder:
    """A folder of model files; no file outside `root` is read, also not through a link."""

    path: Path
    root: Path

    @classmethod
    def at(cls, path: Path, root: Path | None = None) -> "Folder":
        """The folder at `path`; links may lead as far as `root` (the folder itself)."""
        return cls(path, (root or path).resolve())

    def sub(self, name: str) -> "Folder":
        """The folder `name` inside this one."""
        return Folder(self.path / name, self.root)

    def has(self, *names: str) -> bool:
        """Whether all files `names` are there."""
        return all((self.path / name).is_file() for name in names)

    def file(self, name: str) -> Path:
        """The real path of the file `name`, which lies below `root`."""
        path = self.path / name
        if not path.is_file():
            raise ModelNotFoundError(f"{name} is missing in {self.path}")
        real = path.resolve()
        if not real.is_relative_to(self.root):
            raise UnsafeFileError(f"{path} leads out of its folder", f"to {real}")
        return real

    def json(self, name: str) -> dict[str, Any]:
        """The object in the JSON file `name`."""
        path = self.file(name)
        if path.stat().st_size > JSON_BYTES:
            raise UnsafeFileError(f"{path} is too large for a configuration")
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
        except (ValueError, RecursionError) as error:
            raise UnsafeFileError(f"{path} is not JSON", str(error)) from error
        if not isinstance(content, dict):
            raise UnsafeFileError(f"{path} does not hold a JSON object")
        return content

    def card(self) -> dict[str, Any]:
        """What `card.json` says, empty without one."""
        return self.json("card.json") if self.has("card.json") else {}

    def weights(self, *names: str) -> Path:
        """The first of the safetensors files `names` that exists."""
        for name in names:
            if self.has(name):
                return self.file(name)
        pickles = [p.name for p in self.path.glob("*") if p.suffix in PICKLES]
        if pickles:
            raise UnsafeFileError(
                f"{self.path} holds its weights as a pickle ({', '.join(sorted(pickles)[:3])})",
                "a pickle can run code when it is opened",
                "Convert it to safetensors with a program you trust, then load that.",
            )
        raise ModelNotFoundError(f"No weights in {self.path}", f"expected {' or '.join(names)}")


def read_shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """Names and shapes in a safetensors file, without reading the numbers."""
    size = path.stat().st_size
    with path.open("rb") as file:
        header = int.from_bytes(file.read(8), "little")
    if size < 8 or header > min(HEADER_BYTES, size - 8):
        raise UnsafeFileError(f"{path} is not a safetensors file", "its header is out of bounds")
    try:
        with safe_open(path, framework="pt") as file:
            return {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError, ValueError) as error:
        raise UnsafeFileError(f"{path} is not a sound safetensors file", str(error)) from error


def read_tensors(path: Path) -> dict[str, Tensor]:
    """The tensors of a safetensors file as finite float32 (integers as they are)."""
    tensors = {}
    read_shapes(path)
    with safe_open(path, framework="pt") as file:
        for name in file.keys():  # noqa: SIM118
            tensor = file.get_tensor(name)
            floating = tensor.is_floating_point()
            # A copy: the file may change or go while the model lives.
            tensors[name] = tensor.to(torch.float32 if floating else tensor.dtype, copy=True)
            if floating and not bool(torch.isfinite(tensors[name]).all()):
                raise NumericsError(f"{path} holds NaN or infinity", f"in the tensor {name!r}")
    return tensors


def fill(
    net: nn.Module, path: Path, *, ignore: str = "\0", renamed: Callable[[str], str] = str
) -> None:
    """Give `net`, made on the meta device, the weights in `path`; names and shapes must agree.

    Args:
        ignore: tensors in the file whose name ends so are left out.
        renamed: the name in `net` of a tensor in the file.
    """
    shapes = read_shapes(path)
    have = {renamed(k): shape for k, shape in shapes.items() if not k.endswith(ignore)}
    want = {k: tuple(tensor.shape) for k, tensor in net.state_dict().items()}
    if wrong := sorted(set(want.items()) ^ set(have.items())):
        name, shape = wrong[0]
        raise UnsafeFileError(
            f"{path} does not hold the weights its configuration describes",
            f"{len(wrong)} entries disagree, first {name} {shape}",
        )
    tensors = {renamed(k): tensor for k, tensor in read_tensors(path).items()}
    net.load_state_dict({k: tensors[k] for k in want}, strict=True, assign=True)


def fingerprint(path: Path) -> str:
    """sha256[:10] of a file, as tools show a model's hash."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:10]


def known(config: Mapping[str, Any], names: frozenset[str]) -> dict[str, Any]:
    """The entries of `config` under `names`, refused where their size is absurd."""
    kept = {name: value for name, value in config.items() if name in names}
    for name, value in kept.items():
        parts = value if isinstance(value, list) else [value]
        plain = all(isinstance(p, str | int | float | None) for p in parts)
        large = any(isinstance(p, int | float) and not abs(p) <= 1e6 for p in parts)
        if len(parts) > 64 or large or not plain:
            raise UnsafeFileError(f"The configuration's {name} is out of bounds", repr(value)[:80])
    return kept
