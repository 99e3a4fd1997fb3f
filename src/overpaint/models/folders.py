"""Read a checkpoint folder without trusting it: JSON, safetensors, and pickles that run nothing."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from overpaint.errors import ModelNotFoundError, UnsafeFileError
from overpaint.models.owning import owned
from overpaint.models.pickles import read_pickled

PICKLES = frozenset({".bin", ".ckpt", ".pt", ".pth", ".pkl", ".pickle"})
Shapes = Mapping[str, tuple[int, ...]]
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
            why = "" if self.path.is_dir() else f"there is no folder {self.path.name}/"
            hint = "Copy it from where the model is from."
            what = f"{name} is missing in {self.path}"
            raise ModelNotFoundError(what, why or "there is no such file", hint)
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

    def own(self, name: str) -> dict[str, Any]:
        """The same, of a network that is diffusers' or transformers' own."""
        content = self.json(name)
        if "auto_map" in content:
            what, why = f"{self.path / name} asks for code of its own", "it was not run"
            raise UnsafeFileError(what, why, "Only networks of diffusers and transformers load.")
        return content

    def card(self) -> dict[str, Any]:
        """What `card.json` says, empty without one."""
        return self.json("card.json") if self.has("card.json") else {}

    def weights(self, *names: str) -> Path:
        """The first of the files `names` that exists."""
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
    read_shapes(path)
    with safe_open(path, framework="pt") as file:
        return {name: owned(name, file.get_tensor(name), path) for name in file.keys()}  # noqa: SIM118


def is_safetensors(path: Path) -> bool:
    """Whether a file is meant as safetensors: by its name or, as names mislead, its first bytes."""
    if path.suffix == ".safetensors":
        return True
    with path.open("rb") as file:
        start = file.read(9)
    return start[4:] == b"\0\0\0\0{"


def fill(
    net: nn.Module,
    path: Path,
    *,
    ignore: str = "\0",
    renamed: Callable[[str], str] = str,
    pickled: bool = False,
) -> None:
    """Give `net`, made on the meta device, the weights in `path`; names and shapes must agree.

    Args:
        ignore: tensors in the file whose name ends so are left out.
        renamed: the name in `net` of a tensor in the file.
        pickled: the file is torch's own, not safetensors.
    """
    tensors = read_pickled(path) if pickled else {}
    found = shapes(tensors) if pickled else read_shapes(path)
    have = {renamed(k): shape for k, shape in found.items() if not k.endswith(ignore)}
    want = shapes(net.state_dict())
    agree(have, want, path)
    ours = {renamed(k): tensor for k, tensor in (tensors or read_tensors(path)).items()}
    net.load_state_dict({k: ours[k] for k in want}, strict=True, assign=True)


def shapes(tensors: Mapping[str, Tensor]) -> Shapes:
    """The shapes of tensors by name."""
    return {name: tuple(tensor.shape) for name, tensor in tensors.items()}


def agree(have: Shapes, want: Shapes, path: Path) -> None:
    """Refuse the weights in `path` if a tensor is missing, of another shape, or too many."""
    wrong = [name for name in {**want, **have} if have.get(name) != want.get(name)]
    if not wrong:
        return
    name = wrong[0]
    found = f"is {have[name]}" if name in have else "is missing"
    asked = f"expected {want[name]}" if name in want else "has no place in the network"
    others = f"; so do {len(wrong) - 1} others" if wrong[1:] else ""
    why = f"{name[:200]} {found}, {asked}{others}"
    raise UnsafeFileError(f"The weights in {path} do not fit", why)


def adopt(net: nn.Module, tensors: Mapping[str, Tensor], path: Path) -> None:
    """Give `net`, made on the meta device, fitting tensors read from `path`, in its own dtypes."""
    want = net.state_dict()
    own = {name: owned(name, tensors[name], path).to(want[name].dtype) for name in want}
    net.load_state_dict(own, strict=True, assign=True)


def fingerprint(*paths: Path) -> str:
    """sha256[:10] of a file, or of the parts of one, as tools show a model's hash."""
    found = hashlib.sha256()
    for path in paths:
        with path.open("rb") as file:
            hashlib.file_digest(file, lambda: found)
    return found.hexdigest()[:10]


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
