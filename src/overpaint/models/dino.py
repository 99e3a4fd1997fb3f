"""DINO: what a vision transformer that learned without labels sees of a picture and its places."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import ViTConfig, ViTModel

from overpaint.errors import ModelNotFoundError, UnsafeFileError
from overpaint.models.devices import pick_device, placed
from overpaint.models.folders import fingerprint, known
from overpaint.models.hub import located
from overpaint.models.preprocess import normalised, prepare
from overpaint.models.shards import TRANSFORMERS, files, fill

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet's training pictures
OBLONG = 480 / 224  # the longer side of what keys are of, at most, by the shorter's
DEEPEST = 100
# Only sizes and constants: nothing in a configuration may choose code.
VIT = frozenset(
    {
        *("hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size"),
        *("hidden_act", "layer_norm_eps", "image_size", "patch_size", "num_channels", "qkv_bias"),
    }
)
# What versions of transformers call the same tensors; the hub's files have the first names.
RENAMED = (
    ("encoder.layer.", "layers."),
    (".attention.attention.query.", ".attention.q_proj."),
    (".attention.attention.key.", ".attention.k_proj."),
    (".attention.attention.value.", ".attention.v_proj."),
    (".attention.output.dense.", ".attention.o_proj."),
    (".intermediate.dense.", ".mlp.fc1."),
    (".output.dense.", ".mlp.fc2."),
)
SPARE = ("pooler.", "embeddings.mask_token")  # which a file may have, and no use is made of


@dataclass(frozen=True)
class Dino:
    """A transformers `ViTModel`, and where the keys of its last layer are made."""

    net: ViTModel
    last: nn.Module
    size: int = 224  # side of the pictures it learned from
    device: torch.device | str = "cpu"
    hash: str = ""

    @torch.no_grad()
    def embed(self, images: Tensor) -> Tensor:
        """What it says of pictures `(B, 3, H, W)` in [0, 1], of their central squares: `(B, d)`."""
        pixels = prepare(images.to(self.device) * 2 - 1, self.size, antialias=True)
        seen: Any = self.net(pixel_values=normalised(pixels, MEAN, STD))
        return seen.last_hidden_state[:, 0].float()

    @torch.no_grad()
    def keys(self, images: Tensor, *, full_range: bool = False) -> Tensor:
        """`(B, N, d)`: the keys of the last layer, of the whole picture's token and each place's.

        Args:
            images: `(B, 3, H, W)` in [0, 1], whose shorter side is brought to `size`, uncropped.
            full_range: as PIE-Bench was published (arXiv 2310.01506, its code): values up to 255
                where 1 was meant, resampled without antialias. Other numbers come of it.
        """
        pixels = _whole(images.to(self.device), self.size, antialias=not full_range)
        pixels = normalised(pixels * 255 if full_range else pixels, MEAN, STD)
        with _heard(self.last) as found:
            self.net(pixel_values=pixels, interpolate_pos_encoding=True)
        return found[0].float()


def load_dino(where: str | Path, device: torch.device | str = "auto") -> Dino:
    """The DINO in a folder of transformers, or under a hub id in the cache.

    Such as `facebook/dino-vitb8`, of which the structure distance is, or `facebook/dino-vits16`.

    Raises:
        ModelNotFoundError: there is none, or it is of another kind.
        UnsafeFileError: its files are not plain data, or do not fit together.
    """
    folder = located(where, "DINO")
    if isinstance(folder, Path):
        why = "it is one file; a DINO is a folder with config.json"
        raise ModelNotFoundError(f"{folder} holds no DINO", why)
    config = folder.own("config.json")
    if config.get("model_type") != "vit":
        why = f"{config.get('model_type')!s:.40} is not supported, vit is"
        raise ModelNotFoundError(f"{folder.path} holds no DINO", why)
    net = _network(known(config, VIT))
    names = {_later(name): name for name in net.state_dict()}
    found = files(folder, TRANSFORMERS)
    fill(
        net,
        found,
        renamed=lambda name: names.get(_later(name), name),
        ignore=lambda name: name.startswith(SPARE),
    )
    settings: Any = net.config
    last = names[f"layers.{settings.num_hidden_layers - 1}.attention.k_proj.weight"]
    module = net.get_submodule(last.removesuffix(".weight"))
    device = pick_device(device) if isinstance(device, str) else device
    hashed = fingerprint(*found.paths)
    return Dino(placed(net, device), module, settings.image_size, device, hashed)


def _network(config: dict[str, Any]) -> ViTModel:
    """Without memory for weights."""
    if config.get("num_hidden_layers", 12) not in range(1, DEEPEST + 1):
        raise UnsafeFileError("The configuration's number of layers is out of bounds")
    if not isinstance(config.get("image_size", 224), int):
        raise UnsafeFileError("The configuration's image_size is no side of a square")
    try:
        with torch.device("meta"):
            return ViTModel(ViTConfig(**config), add_pooling_layer=False)
    except Exception as error:  # a wrong configuration fails in too many ways to name
        why = str(error).partition("\n")[0][:200]
        raise UnsafeFileError("The configuration describes no vision transformer", why) from error


def _later(name: str) -> str:
    """A tensor's name in the latest version of transformers."""
    for before, after in RENAMED:
        name = name.replace(before, after)
    return name


def _whole(pixels: Tensor, size: int, *, antialias: bool) -> Tensor:
    """All of a picture, its shorter side `size` where the longer allows it."""
    height, width = pixels.shape[-2:]
    scale = min(size / min(height, width), size * OBLONG / max(height, width))
    wanted = (round(height * scale), round(width * scale))
    if wanted == (height, width):
        return pixels
    return F.interpolate(pixels, wanted, mode="bilinear", antialias=antialias)


@contextmanager
def _heard(layer: nn.Module) -> Iterator[list[Tensor]]:
    """What a layer gives while this lasts; nothing stays on it."""
    found: list[Tensor] = []
    handle = layer.register_forward_hook(lambda _, inputs, output: found.append(output))
    try:
        yield found
    finally:
        handle.remove()
