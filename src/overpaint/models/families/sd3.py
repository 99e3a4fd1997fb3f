"""Stable Diffusion 3 (arXiv 2403.03206): a transformer of latents and two CLIPs and a T5."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import torch
from diffusers import SD3Transformer2DModel
from torch import Tensor

from overpaint.errors import UnsafeFileError
from overpaint.models.bundle import Ask
from overpaint.models.conditions import Cond
from overpaint.models.encoders import clip_reader, t5_reader
from overpaint.models.families import unet
from overpaint.models.folders import Folder
from overpaint.models.joining import InTurn

NETWORK = "SD3Transformer2DModel"
ARGUMENTS = frozenset(inspect.signature(SD3Transformer2DModel.__init__).parameters) - {"self"}
READ = 256  # tokens of the T5, as diffusers has it


def build(kept: Mapping[str, Any]) -> Any:
    """The network of these arguments."""
    return SD3Transformer2DModel(**kept)


def reader(folder: Folder, net: Any, device: torch.device, dtype: torch.dtype) -> InTurn:
    """What reads texts for the network; the T5 may be left away.

    Raises:
        UnsafeFileError: its numbers are not as many as the network takes.
    """
    cuts = folder.has("text_encoder_3/config.json")  # the T5 reads on where the CLIPs end
    first, second = (
        clip_reader(folder, names, device, projected=True, penultimate=True, cuts=cuts)
        for names in (("text_encoder", "tokenizer"), ("text_encoder_2", "tokenizer_2"))
    )
    third, taken = ("text_encoder_3", "tokenizer_3"), net.config.joint_attention_dim
    t5 = t5_reader(folder, third, device, length=READ, dtype=dtype) if cuts else None
    if first.width + second.width > taken or (t5 and t5.width != taken):
        why = f"{first.width} + {second.width} and {t5.width if t5 else 0} numbers for {taken}"
        raise UnsafeFileError("The text encoders do not fit the network", why)
    if first.context != second.context:
        why = f"they read {first.context} and {second.context} tokens"
        raise UnsafeFileError("The text encoders do not fit together", why)
    return InTurn((first, second), t5, READ, taken)


def widths(text: InTurn) -> tuple[int, int]:
    """Numbers for a token, and for a whole text."""
    return text.width, sum(int(clip.net.config.projection_dim) for clip in text.clips)


def asked(net: Any) -> Ask:
    """How the network is asked."""
    return by_texts


def by_texts(net: Callable[..., Any], x: Tensor, times: Tensor, cond: Cond) -> Tensor:
    """With the tokens of a text, and what it says as a whole."""
    told = {"encoder_hidden_states": cond.text, "pooled_projections": cond.pooled}
    return net(hidden_states=x, timestep=times, **told).sample  # type: ignore[no-any-return]


def channels(net: Any) -> int:
    """Of the latents."""
    return int(net.config.in_channels)


def patch(net: Any) -> int:
    """Cells on a side of what the network takes for one."""
    return int(net.config.patch_size)


def cells(net: Any) -> int:
    """On a side of the pictures that it was trained on."""
    return unet.side(net.config)


def reach(net: Any) -> int:
    """Cells on a side for which it has places, or 0 where it has them for any."""
    return int(net.config.pos_embed_max_size or 0) * patch(net)
