"""What the shapes of a single file tell of Stable Diffusion's networks, in diffusers' terms."""

from collections.abc import Mapping
from itertools import takewhile
from typing import Any, NamedTuple

from overpaint.errors import ModelNotFoundError
from overpaint.models.families.published import Options, Shapes

UNET, VAE = "model.diffusion_model.", "first_stage_model."
HEADS, HEAD = 8, 64  # of a layer in Stable Diffusion 1; the width of one in all later ones
CLIP_HEAD = 64  # the width of a head in every CLIP
MOST = 64  # blocks of a network
SIZES = 6  # numbers by which SDXL is told the picture's size


class Level(NamedTuple):
    """Blocks of one resolution."""

    channels: int
    blocks: int
    depth: int  # transformers in each


def unet(found: Shapes, options: Options, *, pooled: int) -> dict[str, Any]:
    """The configuration of the network, without `sample_size`.

    pooled: numbers that it is told of a whole text, with the size, if it is.

    Raises:
        KeyError, IndexError: a tensor is missing, or of another kind.
        ModelNotFoundError: its heads are to be told.
    """
    levels = _levels(found)
    middle = _depth(found, "middle_block.1")
    first = next(name for name in found if name.endswith(".transformer_blocks.0.attn2.to_k.weight"))
    linear = len(found[first.partition("transformer_blocks")[0] + "proj_in.weight"]) == 2
    depths = [*(max(level.depth, 1) for level in levels[:-1]), levels[-1].depth or middle]
    kinds = ["CrossAttn" if level.depth else "" for level in levels]
    config = {
        "in_channels": found["input_blocks.0.0.weight"][1],
        "out_channels": found["out.2.weight"][0],
        "block_out_channels": [level.channels for level in levels],
        "down_block_types": [f"{kind}DownBlock2D" for kind in kinds],
        "up_block_types": [f"{kind}UpBlock2D" for kind in reversed(kinds)],
        "layers_per_block": levels[0].blocks,
        "transformer_layers_per_block": depths,
        "cross_attention_dim": found[first][1],
        "attention_head_dim": _heads(levels, options, linear=linear),
        "use_linear_projection": linear,
    }
    if "label_emb.0.0.weight" not in found:
        return config
    told = found["label_emb.0.0.weight"][1]
    return config | {
        "addition_embed_type": "text_time",
        "addition_time_embed_dim": (told - pooled) // SIZES,
        "projection_class_embeddings_input_dim": told,
    }


def autoencoder(found: Shapes, scale: float) -> dict[str, Any]:
    """The configuration of the codec."""
    down = "encoder.down.{}.block.{}.conv1.weight"
    levels = list(takewhile(lambda n: down.format(n, 0) in found, range(MOST)))
    return {
        "_class_name": "AutoencoderKL",
        "block_out_channels": [found[down.format(n, 0)][0] for n in levels],
        "down_block_types": ["DownEncoderBlock2D"] * len(levels),
        "up_block_types": ["UpDecoderBlock2D"] * len(levels),
        "layers_per_block": sum(down.format(0, n) in found for n in range(MOST)),
        "latent_channels": found["decoder.conv_in.weight"][1],
        "scaling_factor": scale,
    }


def clip(found: Shapes, *, layer: str, ids: str, places: str, inner: str) -> dict[str, Any]:
    """The configuration of a text encoder.

    Args:
        layer: before the number of one in a name.
        ids, places: the tables of tokens and of their places.
        inner: the first matrix in a layer's second half.
    """
    words, width = found[ids]
    return {
        "vocab_size": words,
        "hidden_size": width,
        "max_position_embeddings": found[places][0],
        "num_hidden_layers": sum(f"{layer}{n}.{inner}" in found for n in range(MOST)),
        "intermediate_size": found[f"{layer}0.{inner}"][0],
        "num_attention_heads": max(1, width // CLIP_HEAD),
        "projection_dim": width,
        "bos_token_id": words - 2,
        "eos_token_id": words - 1,
    }


def beneath(shapes: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    """What has names below a prefix, under the rest of them."""
    return {name.removeprefix(prefix): s for name, s in shapes.items() if name.startswith(prefix)}


def _levels(found: Shapes) -> list[Level]:
    levels, channels, blocks, depth = list[Level](), 0, 0, 0
    for n in range(1, MOST):
        if f"input_blocks.{n}.0.op.weight" in found:
            levels.append(Level(channels, blocks, depth))
            blocks = depth = 0
        elif (name := f"input_blocks.{n}.0.in_layers.2.weight") in found:
            channels, blocks = found[name][0], blocks + 1
            depth = _depth(found, f"input_blocks.{n}.1")
    return [*levels, Level(channels, blocks, depth)]


def _depth(found: Shapes, block: str) -> int:
    """Transformers in a block."""
    return sum(f"{block}.transformer_blocks.{n}.norm1.weight" in found for n in range(MOST))


def _heads(levels: list[Level], options: Options, *, linear: bool) -> list[int]:
    """Of every level."""
    width = options.head_channels or (HEAD if linear and not options.heads else None)
    found = [level.channels // width if width else options.heads or HEADS for level in levels]
    bad = next((c for (c, _, _), n in zip(levels, found, strict=True) if n < 1 or c % n), None)
    if bad is not None:
        what, hint = f"{bad} channels do not divide into heads", "Say which: heads=NUMBER."
        raise ModelNotFoundError(what, f"of {found}", hint)
    return found
