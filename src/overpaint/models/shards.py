"""The files of one network: a single one, several with an index, or an early pickle."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import safe_open
from torch import Tensor, nn

from overpaint.errors import UnsafeFileError
from overpaint.models.folders import Folder, agree, read_shapes, shapes
from overpaint.models.owning import owned
from overpaint.models.pickles import read_pickled

DIFFUSERS, TRANSFORMERS = "diffusion_pytorch_model", "model"  # how the libraries call them
PICKLED = {DIFFUSERS: "diffusion_pytorch_model.bin", TRANSFORMERS: "pytorch_model.bin"}
PLAIN = re.compile(r"[\w.-]+\.safetensors")
MOST = 1000  # parts of one network
Kinds = Mapping[str, torch.dtype]


@dataclass(frozen=True)
class Files:
    """Where the weights of one network lie."""

    paths: tuple[Path, ...]
    pickled: bool = False  # a download's real path does not say it

    @property
    def where(self) -> Path:
        """For messages."""
        return self.paths[0] if len(self.paths) == 1 else self.paths[0].parent


def files(folder: Folder, stem: str) -> Files:
    """The weights called `stem`, whole or in parts, in float32 or else in float16.

    Raises:
        ModelNotFoundError: there are none, or one of them is missing.
        UnsafeFileError: the index names what is no part of a network.
    """
    for dotted in ("", ".fp16"):
        if folder.has(f"{stem}{dotted}.safetensors"):
            return Files((folder.file(f"{stem}{dotted}.safetensors"),))
        if folder.has(index := f"{stem}.safetensors.index{dotted}.json"):
            return Files(tuple(folder.file(name) for name in _parts(folder, index)))
    if folder.has(PICKLED[stem]):
        return Files((folder.file(PICKLED[stem]),), pickled=True)
    return Files((folder.weights(f"{stem}.safetensors"),))  # says what is missing


def fill(
    net: nn.Module,
    source: Files,
    *,
    renamed: Callable[[str], str] = str,
    ignore: Callable[[str], bool] = lambda name: False,
    kinds: Kinds | None = None,
) -> None:
    """Give `net`, made on the meta device, the weights in files; names and shapes must agree.

    Args:
        renamed: the name in `net` of a tensor in a file.
        ignore: which tensors of `net` or of a file are left out, by their name in `net`.
        kinds: the precision of tensors of `net` that are not to be float32.
    """
    pickled = read_pickled(source.paths[0]) if source.pickled else {}
    parts = [shapes(pickled)] if source.pickled else [read_shapes(path) for path in source.paths]
    have: dict[str, tuple[int, ...]] = {}
    for part in parts:
        mine = {renamed(name): shape for name, shape in part.items() if not ignore(renamed(name))}
        if twice := have.keys() & mine.keys():
            what = f"The weights in {source.where} do not fit"
            raise UnsafeFileError(what, f"{min(twice):.200} comes twice")
        have |= mine
    want = {name: shape for name, shape in shapes(net.state_dict()).items() if not ignore(name)}
    agree(have, want, source.where)
    named = ((renamed(name), tensor) for name, tensor in _tensors(source, pickled))
    ours = {
        name: tensor.to((kinds or {}).get(name, tensor.dtype))
        for name, tensor in named
        if name in want
    }
    net.load_state_dict(ours, strict=False, assign=True)


def products(net: nn.Module, dtype: torch.dtype) -> dict[str, torch.dtype]:
    """The weights of layers that multiply, all in `dtype`.

    Under autocast these are brought to it before each use, so that nothing else comes out.
    """
    kinds = (nn.Linear, nn.Conv2d)
    layers = {name for name, module in net.named_modules() if isinstance(module, kinds)}
    return {name: dtype for name in net.state_dict() if name.rpartition(".")[0] in layers}


def _tensors(source: Files, pickled: Mapping[str, Tensor]) -> Iterator[tuple[str, Tensor]]:
    """Finite tensors, floating ones as float32, one after another."""
    yield from pickled.items()
    for path in () if source.pickled else source.paths:
        with safe_open(path, framework="pt") as file:
            for name in file.keys():  # noqa: SIM118
                yield name, owned(name, file.get_tensor(name), path)


def _parts(folder: Folder, index: str) -> list[str]:
    """The files that an index names, each once."""
    found = folder.json(index).get("weight_map")
    names = list(found.values()) if isinstance(found, dict) else []
    for name in names:
        if not isinstance(name, str) or not PLAIN.fullmatch(name):
            raise UnsafeFileError(f"{folder.path / index} names a strange file", f"{name!r:.60}")
    if not 0 < len(set(names)) <= MOST:
        raise UnsafeFileError(f"{folder.path / index} names no parts of a network")
    return list(dict.fromkeys(names))
