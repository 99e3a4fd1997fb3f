"""What pixel and latent models share: a diffusers `UNet2DModel` and its schedule."""

import inspect
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import torch
from diffusers import UNet2DModel
from diffusers.models.embeddings import TimestepEmbedding, Timesteps
from torch import nn

from overpaint.core.schedule import NoiseSchedule
from overpaint.errors import ModelNotFoundError, OptionError, UnsafeFileError
from overpaint.models.bundle import Codec, DiffusionModel
from overpaint.models.classes import Classes
from overpaint.models.folders import Folder, fill, known

FILES = ("diffusion_pytorch_model.safetensors", "diffusion_pytorch_model.fp16.safetensors")
MOST_CLASSES, MOST_LAYERS = 1_000_000, 16
PICKLED = "diffusion_pytorch_model.bin"  # all that the earliest uploads have
SCHEDULERS = ("scheduler/scheduler_config.json", "scheduler_config.json")
DDPM = {"num_train_timesteps": 1000, "beta_schedule": "linear"}  # arXiv 2006.11239
PREDICTED = {"epsilon": "eps", "sample": "x0", "v_prediction": "v"}
OTHER_PATHS = ("FlowMatch", "EDM", "Karras", "ScoreSde")  # schedulers of another noise than betas'
# Attention layers as early versions of diffusers called them.
OLD_LAYERS = {"query": "to_q", "key": "to_k", "value": "to_v", "proj_attn": "to_out.0"}
OLD_NAME = re.compile(rf"\.({'|'.join(OLD_LAYERS)})(?=\.(weight|bias)$)")
ARGUMENTS = frozenset(inspect.signature(UNet2DModel.__init__).parameters) - {"self"}


def inner(folder: Folder) -> Folder:
    """Where the network lies: in `unet/` of a pipeline, or in the folder itself."""
    return folder.sub("unet") if folder.has("unet/config.json") else folder


def is_unet(folder: Folder) -> bool:
    """Whether there is a `UNet2DModel` in this folder."""
    where = inner(folder)
    config = where.json("config.json") if where.has("config.json") else {}
    return config.get("_class_name") == "UNet2DModel"


def network(config: Mapping[str, Any], device: str = "meta") -> nn.Module:
    """The network a diffusers configuration describes, by default without memory for weights.

    `time_proj_dim` is ours: the numbers that tell the time, where they are not as many as the
    channels of the first level (guided-diffusion's 512 x 512 network).
    """
    kept = known(config, ARGUMENTS)
    if kept.get("class_embed_type"):
        what = f"The class embedding {kept['class_embed_type']!r:.40} is not supported"
        raise ModelNotFoundError(what, "a table of classes is")
    side(config), classes(config)
    if kept.get("layers_per_block", 2) not in range(1, MOST_LAYERS + 1):
        raise UnsafeFileError("The configuration's layers_per_block is out of bounds")
    try:
        with torch.device(device):
            net: Any = UNet2DModel(**kept)
            if length := known(config, frozenset({"time_proj_dim"})).get("time_proj_dim"):
                net.time_proj = Timesteps(length, net.config.flip_sin_to_cos, net.config.freq_shift)
                net.time_embedding = TimestepEmbedding(length, kept["time_embedding_dim"])
            return cast(nn.Module, net)
    except Exception as error:  # a wrong configuration fails in too many ways to name
        raise UnsafeFileError("The configuration describes no network", str(error)) from error


def fill_from(net: nn.Module, folder: Folder) -> Path:
    """Give `net` the weights in a folder that diffusers wrote; the file that they are in."""
    pickled = folder.has(PICKLED) and not any(folder.has(name) for name in FILES)
    weights = folder.file(PICKLED) if pickled else folder.weights(*FILES)
    fill(net, weights, renamed=modern, pickled=pickled)
    return weights


def modern(name: str) -> str:
    """A tensor's name as diffusers writes it today."""
    return OLD_NAME.sub(lambda found: "." + OLD_LAYERS[found[1]], name)


def assembled(
    net: nn.Module,
    config: Mapping[str, Any],
    scheduler: Mapping[str, Any],
    codec: Codec,
    *,
    source: Path,
) -> DiffusionModel:
    """The network that `config` describes, with all that is needed to use it."""
    kind = scheduler.get("_class_name", "")
    if any(word in str(kind) for word in OTHER_PATHS):
        raise ModelNotFoundError(f"The noise of {kind!r:.60} is not supported with this network")
    try:
        schedule = NoiseSchedule.from_diffusers_config(scheduler)
    except OptionError as error:
        raise ModelNotFoundError(f"{source} holds no usable schedule", error.what) from error
    return DiffusionModel(
        net=net,
        schedule=schedule,
        codec=codec,
        size=side(config) * codec.factor,
        prediction=predicted(scheduler),
        classes=classes(config),
        name=source.name,
        path=source,
    )


def scheduler_config(
    folder: Folder, *, default: Mapping[str, Any] | None = None
) -> Mapping[str, Any]:
    """The scheduler's configuration, or `default` where there is none.

    Raises:
        ModelNotFoundError: there is neither.
    """
    for name in SCHEDULERS:
        if folder.has(name):
            return folder.json(name)
    if default is None:
        what = f"{SCHEDULERS[0]} is missing in {folder.path}"
        why = "the schedule of the noise, and what the network predicts, are in it"
        raise ModelNotFoundError(what, why, "Copy it from where the model is from.")
    return default


def predicted(scheduler: Mapping[str, Any]) -> str:
    """What the network predicts, as a key of `PREDICTIONS`."""
    kind = scheduler.get("prediction_type", "epsilon")
    if kind not in list(PREDICTED):
        what, why = f"{kind!r:.40} is not a known prediction", f"one of {list(PREDICTED)}"
        raise ModelNotFoundError(what, why)
    return PREDICTED[kind]


def side(config: Mapping[str, Any]) -> int:
    """The side of the squares that the network sees."""
    side = config.get("sample_size")
    if isinstance(side, list | tuple) and len(set(side)) == 1:
        side = side[0]
    if not isinstance(side, int) or not 4 <= side <= 4096:
        raise UnsafeFileError(f"sample_size {side!r} is not the side of a square image")
    return side


def classes(config: Mapping[str, Any]) -> Classes | None:
    """The table of classes; `null_class` is ours: the row that says nothing."""
    count, null = config.get("num_class_embeds"), config.get("null_class")
    if count is None:
        return None
    if not isinstance(count, int) or not 1 <= count <= MOST_CLASSES:
        raise UnsafeFileError(f"num_class_embeds {count!r:.40} is out of bounds")
    if null is not None and (not isinstance(null, int) or not 0 <= null < count):
        raise UnsafeFileError(f"null_class {null!r:.40} is none of {count} classes")
    return Classes(count, null)
