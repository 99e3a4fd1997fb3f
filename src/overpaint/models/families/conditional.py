"""A diffusers `UNet2DConditionModel`: what its configuration may say, and how it is asked."""

import inspect
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, cast

import torch
from diffusers import UNet2DConditionModel
from torch import Tensor, nn

from overpaint.errors import ModelNotFoundError, UnsafeFileError
from overpaint.models.bundle import Ask, by_text
from overpaint.models.conditions import Cond
from overpaint.models.families.unet import MOST_LAYERS
from overpaint.models.folders import known

ARGUMENTS = frozenset(inspect.signature(UNet2DConditionModel.__init__).parameters) - {"self"}
# What the network would have to be told besides a text, and cannot be.
MORE = ("class_embed_type", "num_class_embeds", "encoder_hid_dim", "time_cond_proj_dim")
SIZES = 6  # numbers by which SDXL is told the picture's size


def network(config: Mapping[str, Any]) -> nn.Module:
    """The network that a configuration describes, without memory for weights.

    Raises:
        ModelNotFoundError: it takes more than a text, or other inputs than latents.
        UnsafeFileError: it describes no network.
    """
    kept = known(config, ARGUMENTS)
    if more := next((name for name in MORE if kept.get(name) is not None), None):
        raise ModelNotFoundError(f"A network with {more} is not supported")
    if (added := kept.get("addition_embed_type")) not in (None, "text_time"):
        raise ModelNotFoundError(f"A network with {added!r:.40} embeddings is not supported")
    if kept.get("attention_type", "default") != "default":
        raise ModelNotFoundError("A network with gated attention is not supported")
    for name in ("layers_per_block", "transformer_layers_per_block"):
        counts = kept.get(name, 1)
        for count in counts if isinstance(counts, list) else [counts]:
            if count not in range(MOST_LAYERS + 1):
                raise UnsafeFileError(f"The configuration's {name} is out of bounds")
    try:
        with torch.device("meta"):
            net: Any = UNet2DConditionModel(**kept)
    except Exception as error:  # a wrong configuration fails in too many ways to name
        why = str(error).partition("\n")[0][:200]
        raise UnsafeFileError("The configuration describes no network", why) from error
    return cast(nn.Module, net)


def check_channels(net: Any, channels: int) -> None:
    """Refuse a network that takes other inputs than the latents' `channels`.

    Raises:
        ModelNotFoundError: it takes more, as those trained for inpainting do.
        UnsafeFileError: it does not fit.
    """
    taken, given = net.config.in_channels, net.config.out_channels
    if taken > channels:
        kind = {9: "one for inpainting", 8: "one for instructions", 5: "one for depth"}.get(taken)
        why = f"it takes {taken} channels, {kind or 'of what is not known'}; {channels} are known"
        hint = "Give the model that it was made of."
        raise ModelNotFoundError("This network is told more than a text", why, hint)
    if taken != channels or given != channels:
        why = f"it takes {taken} and gives {given} channels, where latents have {channels}"
        raise UnsafeFileError("The network does not fit the autoencoder", why)


def asked(net: Any, width: int, pooled: int, factor: int) -> Ask:
    """How the network is asked, if the texts' encoder gives what it reads.

    Args:
        width, pooled: numbers for a token, and for a whole text.
        factor: pixels to a cell of the latents.

    Raises:
        UnsafeFileError: it reads others.
    """
    reads = net.config.cross_attention_dim
    if reads != width:
        why = f"a token has {width} numbers, where the network reads {reads}"
        raise UnsafeFileError("The text encoder does not fit the network", why)
    if net.config.addition_embed_type is None:
        return by_text
    taken = net.add_embedding.linear_1.in_features
    if taken != pooled + SIZES * net.config.addition_time_embed_dim:
        why = f"a text has {pooled} numbers, where the network reads {taken} with the size"
        raise UnsafeFileError("The text encoder does not fit the network", why)
    return partial(by_text_and_size, factor=factor)


def by_text_and_size(
    net: Callable[..., Any], x: Tensor, times: Tensor, cond: Cond, *, factor: int
) -> Tensor:
    """SDXL's: told of an uncropped picture of the size that it has (arXiv 2307.01952, 2.2)."""
    height, width = (factor * side for side in x.shape[-2:])
    sizes = x.new_tensor([height, width, 0, 0, height, width]).expand(len(x), SIZES)
    more = {"text_embeds": cond.pooled, "time_ids": sizes}
    out = net(x, times, encoder_hidden_states=cond.text, added_cond_kwargs=more)
    return out.sample  # type: ignore[no-any-return]
