"""FLUX.1: a transformer of patches of latents, a T5 that is read, and a CLIP that sums up."""

import inspect
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import torch
from diffusers import FluxTransformer2DModel
from torch import Tensor
from torch.nn import functional as F

from overpaint.errors import UnsafeFileError
from overpaint.models.bundle import Ask
from overpaint.models.conditions import Cond
from overpaint.models.encoders import clip_reader, t5_reader
from overpaint.models.folders import Folder
from overpaint.models.joining import Apart

NETWORK = "FluxTransformer2DModel"
ARGUMENTS = frozenset(inspect.signature(FluxTransformer2DModel.__init__).parameters) - {"self"}
READ = 512  # tokens of the T5
PATCH = 2  # cells on a side of what the network takes for one
CELLS = 128  # on a side of the pictures it was trained on; no configuration says it
DISTILLED = 3.5  # the guidance that FLUX.1-dev is told of, which it does without a second call
TIMES = 1000.0  # by which the network multiplies the noise that it is told


def build(kept: Mapping[str, Any]) -> Any:
    """The network of these arguments."""
    return FluxTransformer2DModel(**kept)


def reader(folder: Folder, net: Any, device: torch.device, dtype: torch.dtype) -> Apart:
    """What reads texts for the network.

    Raises:
        UnsafeFileError: its numbers are not as many as the network takes.
    """
    clip = clip_reader(folder, ("text_encoder", "tokenizer"), device, cuts=True)
    names = ("text_encoder_2", "tokenizer_2")
    t5 = t5_reader(folder, names, device, length=READ, dtype=dtype)
    have, taken = (
        (t5.width, clip.width),
        (net.config.joint_attention_dim, net.config.pooled_projection_dim),
    )
    if have != taken:
        why = f"{have[0]} and {have[1]} numbers, where {taken[0]} and {taken[1]} are taken"
        raise UnsafeFileError("The text encoders do not fit the network", why)
    return Apart(clip, t5)


def widths(text: Apart) -> tuple[int, int]:
    """Numbers for a token, and for a whole text."""
    return text.t5.width, text.clip.width


def asked(net: Any) -> Ask:
    """How the network is asked."""
    return partial(by_patches, guidance=DISTILLED if net.config.guidance_embeds else None)


def by_patches(
    net: Callable[..., Any], x: Tensor, times: Tensor, cond: Cond, *, guidance: float | None
) -> Tensor:
    """As a row of patches, each with its place; and told of a guidance, if it was trained so."""
    folded = F.pixel_unshuffle(x, PATCH)
    rows, columns = folded.shape[-2:]
    places = torch.cartesian_prod(*(torch.arange(n, device=x.device) for n in (rows, columns)))
    out = net(
        hidden_states=folded.flatten(2).transpose(1, 2),
        timestep=times / TIMES,
        guidance=None if guidance is None else torch.full_like(times, guidance),
        pooled_projections=cond.pooled,
        encoder_hidden_states=cond.text,
        txt_ids=x.new_zeros(cond.text.shape[1], 3),
        img_ids=F.pad(places, (1, 0)).to(x.dtype),
    ).sample
    return F.pixel_shuffle(out.transpose(1, 2).unflatten(2, (rows, columns)), PATCH)


def channels(net: Any) -> int:
    """Of the latents."""
    return int(net.config.in_channels) // PATCH**2


def patch(net: Any) -> int:
    """Cells on a side of what the network takes for one."""
    return PATCH


def cells(net: Any) -> int:
    """On a side of the pictures that it was trained on."""
    return CELLS


def reach(net: Any) -> int:
    """Cells on a side for which it has places, or 0 where it has them for any."""
    return 0
