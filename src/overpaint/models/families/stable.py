"""Stable Diffusion 1, 2 and XL: a diffusers folder with a network that reads texts."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from overpaint.errors import ModelNotFoundError
from overpaint.models.autoencoders import Latents, check_sizes, latents
from overpaint.models.bundle import DiffusionModel
from overpaint.models.conditions import Reader
from overpaint.models.devices import placed
from overpaint.models.encoders import clip_reader
from overpaint.models.families import conditional, unet
from overpaint.models.families.trying import check_asked
from overpaint.models.folders import Folder, fingerprint
from overpaint.models.joining import Abreast
from overpaint.models.reading import ClipReader
from overpaint.models.shards import DIFFUSERS, files, fill
from overpaint.models.sides import Sides

SINGLE = "StableDiffusion"  # one text encoder
DOUBLE = "StableDiffusionXL"  # two
PIPELINES = tuple(
    f"{kind}{task}Pipeline" for kind in (SINGLE, DOUBLE) for task in ("", "Img2Img", "Inpaint")
)


def holds(folder: Folder) -> bool:
    """Whether this is the folder of one of these pipelines."""
    return kind(folder) in PIPELINES


def kind(folder: Folder) -> Any:
    """The pipeline that a folder names, if it does."""
    name = "model_index.json"
    return folder.json(name).get("_class_name") if folder.has(name) else None


def load(folder: Folder, *, device: torch.device, dtype: torch.dtype) -> DiffusionModel:
    """The model in `folder`, with `unet/`, `vae/`, `scheduler/`, and one or two text encoders.

    dtype: of the network's multiplications; autoencoder and text encoders are in float32.
    """
    inside = folder.sub("unet")
    config = inside.own("config.json")
    net = conditional.network(config)
    codec = autoencoder(folder, net, unet.side(config), device)
    text = _reader(folder, device)
    found = files(inside, DIFFUSERS)
    model = assembled(net, codec, text, unet.scheduler_config(folder), source=folder.path)
    fill(net, found, renamed=unet.modern)
    card = folder.card()
    return replace(
        model,
        net=placed(net, device),
        sides=None if card.get("square") else model.sides,
        hash=fingerprint(*found.paths),
        dtype=dtype,
        card=card,
    )


def autoencoder(folder: Folder, net: Any, side: int, device: torch.device) -> Latents:
    """The codec in `vae/`, if the network takes what it makes."""
    inside = folder.sub("vae")
    codec = latents(inside.own("config.json"))
    conditional.check_channels(net, codec.net.config.latent_channels)
    check_sizes(codec, codec.net.config.latent_channels, side)
    fill(codec.net, files(inside, DIFFUSERS), renamed=unet.modern)
    return replace(codec, net=placed(codec.net, device))


def assembled(
    net: Any, codec: Latents, text: Reader, scheduler: Mapping[str, Any], *, source: Path
) -> DiffusionModel:
    """A network with all that is needed to use it, if it fits together."""
    config = dict(net.config)
    width, pooled = _widths(text)
    ask = conditional.asked(net, width, pooled, codec.factor)
    deep = 2 ** (len(config["block_out_channels"]) - 1)
    check_asked(ask, net, state=(config["in_channels"], deep, deep), width=width, pooled=pooled)
    model = unet.assembled(net, config, scheduler, codec, source=source)
    return replace(model, text=text, ask=ask, sides=sides(net, codec, model.size))


def sides(net: Any, codec: Latents, size: int) -> Sides:
    """The pictures that the network takes, if it was trained on squares of side `size`."""
    return Sides(codec.factor * 2 ** (len(net.config.block_out_channels) - 1), size)


def _reader(folder: Folder, device: torch.device) -> Reader:
    """What reads texts for the network."""
    index = folder.json("model_index.json")
    if not str(index["_class_name"]).startswith(DOUBLE):
        return clip_reader(folder, ("text_encoder", "tokenizer"), device)
    if not folder.has("text_encoder/config.json") or index.get("requires_aesthetics_score"):
        what, why = f"{folder.path} holds SDXL's refiner", "it is no model by itself"
        raise ModelNotFoundError(what, why, "Give the base model.")
    first = clip_reader(folder, ("text_encoder", "tokenizer"), device, penultimate=True)
    names = ("text_encoder_2", "tokenizer_2")
    second = clip_reader(folder, names, device, projected=True, penultimate=True)
    return Abreast(first, second, bool(index.get("force_zeros_for_empty_prompt", True)))


def _widths(text: Reader) -> tuple[int, int]:
    """Numbers for a token, and for a whole text."""
    if isinstance(text, Abreast):
        return text.first.width + text.second.width, int(text.second.net.config.projection_dim)
    return (text.width, 0) if isinstance(text, ClipReader) else (0, 0)
