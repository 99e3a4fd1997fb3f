"""Who is in the picture: a face encoder whose embeddings of one person lie close together."""

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F
from transformers import ResNetConfig, ResNetModel

from overpaint.models.devices import placed, running
from overpaint.models.folders import Folder, fill, fingerprint, known
from overpaint.models.preprocess import RESNET_KEYS, prepare


@dataclass(frozen=True)
class FaceEncoder:
    """A transformers `ResNetModel`; the crop it sees is the whole picture at `size`."""

    net: ResNetModel
    size: int = 64
    dtype: torch.dtype = torch.float32
    hash: str = ""

    def embed(self, images: Tensor) -> Tensor:
        """`(B, 3, H, W)` in [-1, 1] to `(B, D)` of unit length, differentiable."""
        pixels = prepare(images, self.size, antialias=True) * 2 - 1
        pixels = pixels.contiguous(memory_format=torch.channels_last)
        with running(pixels.device, self.dtype):
            pooled = self.net(pixel_values=pixels).pooler_output
        return F.normalize(pooled.float().flatten(1), dim=-1)


def load_identity(
    path: Path, device: torch.device | str = "cpu", dtype: torch.dtype = torch.float32
) -> FaceEncoder:
    """The face encoder in a transformers folder; `card.json` may give `size`."""
    folder = Folder.at(path)
    weights = folder.weights("model.safetensors")
    config = known(folder.json("config.json"), RESNET_KEYS)
    with torch.device("meta"):
        net = ResNetModel(ResNetConfig(**config))
    fill(net, weights)
    size = int(folder.card().get("size", 64))
    return FaceEncoder(placed(net, device), size, dtype, fingerprint(weights))
