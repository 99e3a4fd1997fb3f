"""Pixel-space models: any diffusers folder that holds a `UNet2DModel`."""

import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from overpaint.errors import ModelNotFoundError
from overpaint.models.bundle import DiffusionModel, Unshuffle
from overpaint.models.devices import placed
from overpaint.models.families import unet
from overpaint.models.folders import Folder, fingerprint


def holds(folder: Folder) -> bool:
    """Whether this is a folder of this family; asked after `latent`, whose networks are alike."""
    return unet.is_unet(folder)


def load(folder: Folder, *, device: torch.device, dtype: torch.dtype) -> DiffusionModel:
    """The model in `folder`: a pipeline with `unet/` and `scheduler/`, or the unet's own folder."""
    inner = unet.inner(folder)
    config = inner.json("config.json")
    net = build(config)
    weights = unet.fill_from(net, inner)
    scheduler = unet.scheduler_config(folder, default=unet.DDPM)
    model = assembled(net, config, scheduler, source=folder.path)
    return replace(
        model,
        net=placed(net, device),
        hash=fingerprint(weights),
        dtype=dtype,
        card=folder.card() or inner.card(),
    )


def assembled(
    net: nn.Module, config: Mapping[str, Any], scheduler: Mapping[str, Any], *, source: Path
) -> DiffusionModel:
    """The network that `config` describes, with all that is needed to use it."""
    codec = Unshuffle(shuffle_factor(config))
    return unet.assembled(net, config, scheduler, codec, source=source)


def build(config: Mapping[str, Any], device: str = "meta") -> nn.Module:
    """The network of pixels that `config` describes, see `unet.network`."""
    shuffle_factor(config)
    return unet.network(config, device)


def shuffle_factor(config: Mapping[str, Any]) -> int:
    """Side of the squares folded into the channels: 3 channels 1, 12 channels 2, 48 channels 4."""
    channels = config.get("in_channels", 3)
    factor = math.isqrt(max(channels, 0) // 3) if isinstance(channels, int) else 0
    if factor < 1 or 3 * factor * factor != channels:
        what, why = f"{channels!r:.40} input channels are no pixel space", "3, 12 and 48 are"
        raise ModelNotFoundError(what, why)
    return factor
