"""Pixel-space models: any diffusers folder that holds a `UNet2DModel`."""

import inspect
import math
from collections.abc import Mapping
from typing import Any, cast

import torch
from diffusers import UNet2DModel
from torch import nn

from overpaint.core.schedule import NoiseSchedule
from overpaint.errors import UnsafeFileError
from overpaint.models.bundle import DiffusionModel, Unshuffle
from overpaint.models.devices import placed
from overpaint.models.folders import Folder, fill, fingerprint, known

FILES = ("diffusion_pytorch_model.safetensors", "diffusion_pytorch_model.fp16.safetensors")
PREDICTED = {"epsilon": "eps", "sample": "x0", "v_prediction": "v"}
ARGUMENTS = frozenset(inspect.signature(UNet2DModel.__init__).parameters) - {"self"}


def holds(folder: Folder) -> bool:
    """Whether this looks like a folder of this family."""
    return folder.has("unet/config.json") or folder.has("config.json")


def load(folder: Folder, *, device: torch.device, dtype: torch.dtype) -> DiffusionModel:
    """The model in `folder`: a pipeline with `unet/` and `scheduler/`, or the unet's own folder."""
    inner = folder.sub("unet") if folder.has("unet/config.json") else folder
    config = inner.json("config.json")
    net = build(config)
    weights = inner.weights(*FILES)
    fill(net, weights)
    scheduler = _scheduler_config(folder)
    return DiffusionModel(
        net=placed(net, device),
        schedule=NoiseSchedule.from_diffusers_config(scheduler),
        codec=Unshuffle(shuffle_factor(config)),
        size=_side(config) * shuffle_factor(config),
        prediction=predicted(scheduler),
        name=folder.path.name,
        path=folder.path,
        hash=fingerprint(weights),
        dtype=dtype,
        card=folder.card() or inner.card(),
    )


def build(config: Mapping[str, Any], device: str = "meta") -> nn.Module:
    """The network a diffusers configuration describes, by default without memory for weights."""
    if config.get("_class_name", "UNet2DModel") != "UNet2DModel":
        raise UnsafeFileError(
            f"{config.get('_class_name')!r} is not a network of this family",
            "only UNet2DModel is",
        )
    kept = known(config, ARGUMENTS)
    if kept.get("class_embed_type") or kept.get("num_class_embeds"):
        raise UnsafeFileError("Class-conditional networks are not supported")
    _side(config), shuffle_factor(config)
    if kept.get("layers_per_block", 2) not in range(1, 17):
        raise UnsafeFileError("The configuration's layers_per_block is out of bounds")
    try:
        with torch.device(device):
            return cast(nn.Module, UNet2DModel(**kept))
    except Exception as error:  # a wrong configuration fails in too many ways to name
        raise UnsafeFileError("The configuration describes no network", str(error)) from error


def shuffle_factor(config: Mapping[str, Any]) -> int:
    """Side of the squares folded into the channels: 3 channels 1, 12 channels 2, 48 channels 4."""
    channels = config.get("in_channels", 3)
    factor = math.isqrt(max(channels, 0) // 3) if isinstance(channels, int) else 0
    if factor < 1 or 3 * factor * factor != channels:
        raise UnsafeFileError(f"{channels} input channels are no pixel space", "3, 12, 48 are")
    return factor


def predicted(scheduler: Mapping[str, Any]) -> str:
    """What the network predicts, as a key of `PREDICTIONS`."""
    kind = scheduler.get("prediction_type", "epsilon")
    if kind not in PREDICTED:
        raise UnsafeFileError(f"{kind!r} is not a known prediction", f"one of {list(PREDICTED)}")
    return PREDICTED[kind]


def _scheduler_config(folder: Folder) -> dict[str, Any]:
    for name in ("scheduler/scheduler_config.json", "scheduler_config.json"):
        if folder.has(name):
            return folder.json(name)
    return {"num_train_timesteps": 1000, "beta_schedule": "linear"}


def _side(config: Mapping[str, Any]) -> int:
    side = config.get("sample_size")
    if isinstance(side, list | tuple) and len(set(side)) == 1:
        side = side[0]
    if not isinstance(side, int) or not 4 <= side <= 4096:
        raise UnsafeFileError(f"sample_size {side!r} is not the side of a square image")
    return side
