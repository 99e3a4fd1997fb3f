"""Between pictures and latents: the autoencoders of diffusers."""

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from diffusers import AutoencoderKL, VQModel
from torch import Tensor, nn
from torch.nn import functional as F

from overpaint.errors import ModelNotFoundError, UnsafeFileError
from overpaint.models.folders import known

KINDS: Mapping[str, type] = {"AutoencoderKL": AutoencoderKL, "VQModel": VQModel}
# Where a configuration does not name the scale. The first VQ models were not scaled (diffusers'
# own default makes noise of CompVis/ldm-celebahq-256: huggingface/diffusers#6725).
SCALES = {"AutoencoderKL": 0.18215, "VQModel": 1.0}
DEEPEST, LARGEST = 8, 1e3


@dataclass(frozen=True, eq=False)
class Latents:
    """Cells of `factor` x `factor` pixels, as the network made them, shifted and then scaled.

    Always in float32; both ways are differentiable, through the codebook of a `VQModel` too (its
    gradient is passed straight on).
    """

    net: Any  # a frozen AutoencoderKL or VQModel
    factor: int
    scale: float = 1.0
    shift: float = 0.0

    def encode(self, images: Tensor) -> Tensor:
        """`(B, 3, H, W)` in [-1, 1] to `(B, c, H/f, W/f)`: of the posterior, its mean."""
        found = self.net.encode(images.float())
        mean = found.latents if "latents" in found else found.latent_dist.mean
        return ((mean - self.shift) * self.scale).contiguous()

    def decode(self, x: Tensor) -> Tensor:
        """`(B, c, H/f, W/f)` to `(B, 3, H, W)`, about in [-1, 1]."""
        pictures: Tensor = self.net.decode(x.float() / self.scale + self.shift).sample
        return pictures.contiguous()

    def encode_mask(self, mask: Tensor) -> Tensor:
        """`(B, 1, H, W)` to `(B, 1, H/f, W/f)`: a cell is as white as its whitest pixel."""
        return F.max_pool2d(mask, self.factor)


def latents(config: Mapping[str, Any], device: str = "meta") -> Latents:
    """The codec that a diffusers configuration describes, without weights yet.

    Raises:
        ModelNotFoundError: it is of a kind that is not known here.
        UnsafeFileError: it describes no network.
    """
    kind = config.get("_class_name")
    if not isinstance(kind, str) or kind not in KINDS:
        why = f"{' and '.join(KINDS)} are"
        raise ModelNotFoundError(f"The autoencoder {kind!r:.40} is not supported", why)
    for name in ("latents_mean", "latents_std", "lookup_from_codebook"):
        if config.get(name):
            raise ModelNotFoundError(f"An autoencoder with {name} is not supported")
    depth, shift = config.get("block_out_channels", (64,)), config.get("shift_factor") or 0.0
    if not isinstance(depth, list | tuple) or not 1 <= len(depth) <= DEEPEST:
        raise UnsafeFileError(f"block_out_channels {depth!r:.40} is out of bounds")
    if config.get("layers_per_block", 1) not in range(1, 17):
        raise UnsafeFileError("The configuration's layers_per_block is out of bounds")
    scale = config.get("scaling_factor", SCALES[kind])
    if not _is_number(scale) or not scale > 0 or not _is_number(shift):
        why = f"scaling_factor {scale!r:.40}, shift_factor {shift!r:.40}"
        raise UnsafeFileError("The scale of the latents is out of bounds", why)
    return Latents(_network(KINDS[kind], config, device), 2 ** (len(depth) - 1), scale, shift)


def check_sizes(codec: Latents, channels: int, side: int) -> None:
    """Refuse a codec on the meta device whose latents a network of `channels`, `side` cannot take.

    Raises:
        UnsafeFileError: they do not fit, or the pictures that are decoded are of another size.
    """
    asked, cells = (1, 3, side * codec.factor, side * codec.factor), (1, channels, side, side)
    try:
        made = codec.encode(torch.empty(asked, device="meta"))
        again = codec.decode(made)
    except Exception as error:  # layers that do not fit fail in too many ways to name
        raise UnsafeFileError("The autoencoder does not fit together", str(error)) from error
    if tuple(made.shape) != cells or tuple(again.shape) != asked:
        why = f"latents of {tuple(made.shape[1:])}, where {cells[1:]} are expected"
        raise UnsafeFileError("The autoencoder does not fit the network", why)


def _network(kind: type, config: Mapping[str, Any], device: str) -> nn.Module:
    arguments = frozenset(inspect.signature(kind).parameters)
    try:
        with torch.device(device):
            net: nn.Module = kind(**known(config, arguments))
    except UnsafeFileError:
        raise
    except Exception as error:  # a wrong configuration fails in too many ways to name
        raise UnsafeFileError("The configuration describes no autoencoder", str(error)) from error
    return net


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and abs(value) <= LARGEST  # False for NaN
