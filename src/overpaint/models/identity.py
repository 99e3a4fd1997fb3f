"""Who is in the picture: a face encoder whose embeddings of one person lie close together."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import ResNetConfig, ResNetModel

from overpaint.models.arcface import KIND, SIDE, converted
from overpaint.models.devices import placed, running
from overpaint.models.files import read_file
from overpaint.models.folders import Folder, fill, fingerprint, known
from overpaint.models.hub import located
from overpaint.models.preprocess import RESNET_KEYS, prepare


class Pooled(nn.Module):
    """A transformers `ResNetModel`, whose pooled features are the embedding."""

    def __init__(self, net: ResNetModel) -> None:
        super().__init__()
        self.net = net

    def forward(self, x: Tensor) -> Tensor:
        """`(B, 3, S, S)` in [-1, 1] to `(B, D)`."""
        return self.net(pixel_values=x).pooler_output.flatten(1)


def whole(images: Tensor, size: int) -> Tensor:
    """`(B, 3, H, W)` to its central square at `size`, in the same range."""
    return prepare(images, size, antialias=True) * 2 - 1


def aligned(images: Tensor, size: int) -> Tensor:
    """The face in aligned portraits `(B, 3, H, W)`, averaged to `size`, in the same range.

    Rows 35 to 222 and columns 32 to 219 of 256 (arXiv 2110.02711, its code), at other sides in
    proportion; of an oblong picture, in its central square.
    """
    side = min(images.shape[-2:])
    up, left = ((length - side) // 2 for length in images.shape[-2:])
    top, bottom, first, last = (round(place * side / 256) for place in (35, 223, 32, 220))
    face = images[..., up + top : up + bottom, left + first : left + last]
    return F.adaptive_avg_pool2d(face, size)


@dataclass(frozen=True)
class FaceEncoder:
    """A network of faces, and what of a picture it is shown."""

    net: nn.Module  # `(B, 3, size, size)` in [-1, 1] to `(B, D)`
    size: int = 64
    crop: Callable[[Tensor, int], Tensor] = whole
    dtype: torch.dtype = torch.float32
    hash: str = ""

    def embed(self, images: Tensor) -> Tensor:
        """`(B, 3, H, W)` in [-1, 1] to `(B, D)` of unit length, differentiable."""
        pixels = self.crop(images, self.size).contiguous(memory_format=torch.channels_last)
        with running(pixels.device, self.dtype):
            features = self.net(pixels)
        return F.normalize(features.float(), dim=-1)


def load_identity(
    where: str | Path, device: torch.device | str = "cpu", dtype: torch.dtype = torch.float32
) -> FaceEncoder:
    """The face encoder in a folder, in a file of IR-SE50, or under a hub id in the cache.

    A folder holds a transformers ResNet, whose `card.json` may give `size`, or an IR-SE50. A file
    (.pth, .pt, .safetensors) holds the state dict of an IR-SE50.

    Raises:
        ModelNotFoundError: there is none, or it is of another kind.
        UnsafeFileError: its files are not plain data, or do not fit together.
    """
    found = located(where, "face encoder")
    if isinstance(found, Path):
        encoder = _arcface(read_file(found), found)
    elif (config := found.json("config.json")).get("model_type") == KIND:
        weights = found.weights("model.safetensors")
        encoder = _arcface(read_file(weights), weights)
    else:
        encoder = _residual(found, known(config, RESNET_KEYS))
    return replace(encoder, net=placed(encoder.net, device), dtype=dtype)


def _arcface(tensors: Mapping[str, Tensor], path: Path) -> FaceEncoder:
    return FaceEncoder(converted(tensors, path), SIDE, aligned, hash=fingerprint(path))


def _residual(folder: Folder, config: Mapping[str, Any]) -> FaceEncoder:
    """The transformers ResNet in a folder, for whole pictures."""
    weights = folder.weights("model.safetensors")
    with torch.device("meta"):
        net = ResNetModel(ResNetConfig(**config))
    fill(net, weights)
    size = int(folder.card().get("size", 64))
    return FaceEncoder(Pooled(net), size, hash=fingerprint(weights))
