"""TorchScript archives, as torch itself writes them, and pickles that are put into one by hand."""

import zipfile
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn


class Holder(nn.Module):
    """A module that holds tensors and other holders, and returns what it is given."""

    def forward(self, x: Tensor) -> Tensor:
        return x


def held(tensors: Mapping[str, Tensor]) -> Holder:
    """Nested holders of tensors with dotted names: floating ones parameters, others buffers."""
    root = Holder()
    for name, tensor in tensors.items():
        *path, last = name.split(".")
        place: nn.Module = root
        for part in path:
            if part not in place._modules:
                place.add_module(part, Holder())
            place = place.get_submodule(part)
        if tensor.is_floating_point():
            place.register_parameter(last, nn.Parameter(tensor, requires_grad=False))
        else:
            place.register_buffer(last, tensor)
    return root


def scripted(tensors: Mapping[str, Tensor], path: Path) -> Path:
    """A TorchScript archive with these tensors."""
    torch.jit.script(held(tensors)).save(str(path))
    return path


def replaced(archive: Path, name: str, data: bytes | None, compress: int = 0) -> Path:
    """A copy of an archive in which the file `name` holds `data`, or is left out."""
    copy = archive.with_name(f"altered_{archive.name}")
    with zipfile.ZipFile(archive) as old, zipfile.ZipFile(copy, "w") as new:
        for info in old.infolist():
            if info.filename.endswith(f"/{name}"):
                if data is not None:
                    new.writestr(info.filename, data, compress)
            else:
                new.writestr(info.filename, old.read(info))
    return copy
