"""Latent models: a diffusers folder of `LDMPipeline`, such as CompVis/ldm-celebahq-256."""

from dataclasses import replace

import torch

from overpaint.models.autoencoders import check_sizes, latents
from overpaint.models.bundle import DiffusionModel
from overpaint.models.devices import placed
from overpaint.models.families import unet
from overpaint.models.folders import Folder, fingerprint

CODECS = ("vqvae", "vae")  # folders of the autoencoder


def holds(folder: Folder) -> bool:
    """Whether there is an autoencoder beside the network."""
    return unet.is_unet(folder) and any(folder.has(f"{name}/config.json") for name in CODECS)


def load(folder: Folder, *, device: torch.device, dtype: torch.dtype) -> DiffusionModel:
    """The model in `folder`, with `unet/`, `scheduler/`, and `vqvae/` or `vae/`.

    dtype: of the network's multiplications; the autoencoder's are in float32.
    """
    inner = unet.inner(folder)
    beside = next(folder.sub(name) for name in CODECS if folder.has(f"{name}/config.json"))
    config = inner.json("config.json")
    net, codec = unet.network(config), latents(beside.json("config.json"))
    check_sizes(codec, config.get("in_channels", 3), unet.side(config))
    weights = unet.fill_from(net, inner)
    unet.fill_from(codec.net, beside)
    codec = replace(codec, net=placed(codec.net, device))
    scheduler = unet.scheduler_config(folder)
    model = unet.assembled(net, config, scheduler, codec, source=folder.path)
    return replace(
        model,
        net=placed(net, device),
        hash=fingerprint(weights),
        dtype=dtype,
        card=folder.card() or inner.card(),
    )
