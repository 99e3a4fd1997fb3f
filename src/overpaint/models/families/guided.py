"""The UNet of guided-diffusion (arXiv 2105.05233), ILVR and improved DDPM: ImageNet, AFHQ, FFHQ."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

import torch
from torch import Tensor

from overpaint.errors import ModelNotFoundError, UnsafeFileError
from overpaint.models.families.published import (
    Converted,
    Layer,
    Options,
    Shapes,
    block,
    count,
    renamed,
    scheduler,
    within,
)

# Base channels and their multiples -> what the published checkpoints of these were trained with.
# With convolutions between the levels (improved DDPM) the heads differ from one to the next.
PUBLISHED: dict[tuple[int, tuple[float, ...]], Options] = {
    (256, (0.5, 1, 1, 2, 2, 4, 4)): Options(512, head_channels=64),  # ImageNet
    (256, (1, 1, 2, 2, 4, 4)): Options(256, head_channels=64),  # ImageNet, LSUN
    (128, (1, 1, 2, 2, 4, 4)): Options(256, head_channels=64),  # AFHQ, FFHQ
    (192, (1, 2, 3, 4)): Options(64, None, 64, "cosine", "new"),  # ImageNet
}
ATTENTION = {"norm": ("group_norm",), "qkv": ("to_q", "to_k", "to_v"), "proj_out": ("to_out.0",)}
RESNET = {
    "in_layers.0": ("norm1",),
    "in_layers.2": ("conv1",),
    "emb_layers.1": ("time_emb_proj",),
    "out_layers.0": ("norm2",),
    "out_layers.3": ("conv2",),
    "skip_connection": ("conv_shortcut",),
}
LABELS = "label_emb.weight"
ENDS: list[Layer] = [
    ("time_embed.0", ("time_embedding.linear_1",)),
    ("time_embed.2", ("time_embedding.linear_2",)),
    ("label_emb", ("class_embedding",)),
    ("input_blocks.0.0", ("conv_in",)),
    *block("middle_block.0", "mid_block.resnets.0", RESNET),
    *block("middle_block.1", "mid_block.attentions.0", ATTENTION),
    *block("middle_block.2", "mid_block.resnets.1", RESNET),
    ("out.0", ("conv_norm_out",)),
    ("out.2", ("conv_out",)),
]


def holds(shapes: Shapes) -> bool:
    """Whether tensors of these names are of this family."""
    ends = {"time_embed.0.weight", "input_blocks.0.0.weight", "out.2.weight"}
    return {*ends, "output_blocks.0.0.in_layers.2.weight"} <= shapes.keys()


def converted(tensors: Mapping[str, Tensor], options: Options) -> Converted:
    """The checkpoint in diffusers' terms; a class is added to those it has, which says nothing."""
    shapes = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
    known = told(shapes, options)
    config = configuration(shapes, known)
    if LABELS in tensors:
        nothing = tensors[LABELS].new_zeros(1, *shapes[LABELS][1:])
        tensors = {**tensors, LABELS: torch.cat([tensors[LABELS], nothing])}

    def split(joint: Tensor) -> tuple[Tensor, ...]:
        if known.attention_order == "new":
            return joint.chunk(3)
        return joint.reshape(-1, 3, config["attention_head_dim"], *joint.shape[1:]).unbind(1)

    return Converted(
        family="guided",
        config=config,
        tensors=renamed(tensors, layers(config), config, split),
        scheduler=scheduler(known.schedule or "linear", learned=config["out_channels"] > 3),
        assumed={name: value for name, value in asdict(known).items() if value is not None},
    )


def told(shapes: Shapes, options: Options) -> Options:
    """What shapes do not tell: as it was given, or as published ones of these shapes have it.

    Raises:
        ModelNotFoundError: the size or the heads are not known.
    """
    base, widths = shapes["time_embed.0.weight"][1], _widths(shapes)
    like = PUBLISHED.get((base, tuple(width / base for width in widths)), Options())
    heads = options.heads, options.head_channels
    if not any(heads):
        heads = like.heads, like.head_channels if _residual(shapes) else None
    size = options.size or like.size
    for name, value in (("size", size), ("heads", heads[0] or heads[1])):
        if value is None:
            what, why = f"The {name} of this model cannot be told", "no shape in it says so"
            raise ModelNotFoundError(what, why, f"Convert it with -O {name}=NUMBER.")
    return Options(
        size,
        *heads,
        schedule=options.schedule or like.schedule or "linear",
        attention_order=options.attention_order or like.attention_order or "legacy",
    )


def configuration(shapes: Shapes, known: Options) -> dict[str, Any]:
    """The network that has tensors of these shapes."""
    base, widths, blocks = shapes["time_embed.0.weight"][1], _widths(shapes), _blocks(shapes)
    residual = _residual(shapes)
    attending = [
        within(shapes, f"input_blocks.{1 + level * (blocks + 1)}.1") for level in range(len(widths))
    ]
    plain = "Resnet{}sampleBlock2D" if residual else "{}Block2D"
    kinds = ["Attn{}Block2D" if attends else plain for attends in attending]
    classes = shapes.get(LABELS, (0,))[0]
    of_classes = {"num_class_embeds": classes + 1, "null_class": classes} if classes else {}
    of_time = {"time_proj_dim": base} if base != widths[0] else {}
    return {
        "sample_size": known.size,
        "in_channels": shapes["input_blocks.0.0.weight"][1],
        "out_channels": shapes["out.2.weight"][0],
        "block_out_channels": widths,
        "down_block_types": [kind.format("Down") for kind in kinds],
        "up_block_types": [kind.format("Up") for kind in reversed(kinds)],
        "layers_per_block": blocks,
        "attention_head_dim": _head_channels(
            known,
            {w for w, attends in zip(widths, attending, strict=True) if attends} | {widths[-1]},
        ),
        "attn_norm_num_groups": 32,
        "downsample_type": "resnet" if residual else "conv",
        "upsample_type": "resnet" if residual else "conv",
        "resnet_time_scale_shift": "scale_shift" if _scales(shapes) else "default",
        "time_embedding_dim": shapes["time_embed.0.weight"][0],
        **of_time,
        **of_classes,
    }


def layers(config: Mapping[str, Any]) -> Iterator[Layer]:
    """Every layer by its name in the checkpoint and in the network."""
    yield from ENDS
    blocks, last = config["layers_per_block"], len(config["block_out_channels"]) - 1
    for level in range(last + 1):
        first, ours = 1 + level * (blocks + 1), f"down_blocks.{level}"
        for n in range(blocks):
            yield from block(f"input_blocks.{first + n}.0", f"{ours}.resnets.{n}", RESNET)
            yield from block(f"input_blocks.{first + n}.1", f"{ours}.attentions.{n}", ATTENTION)
        down = f"input_blocks.{first + blocks}.0"
        yield f"{down}.op", (f"{ours}.downsamplers.0.conv",)
        yield from block(down, f"{ours}.downsamplers.0", RESNET)
        first, ours = level * (blocks + 1), f"up_blocks.{level}"
        for n in range(blocks + 1):
            yield from block(f"output_blocks.{first + n}.0", f"{ours}.resnets.{n}", RESNET)
            yield from block(f"output_blocks.{first + n}.1", f"{ours}.attentions.{n}", ATTENTION)
        attends = config["up_block_types"][level].startswith("Attn")
        up = f"output_blocks.{first + blocks}.{2 if attends else 1}"
        yield f"{up}.conv", (f"{ours}.upsamplers.0.conv",)
        yield from block(up, f"{ours}.upsamplers.0", RESNET)


def _rising(shapes: Shapes) -> list[str]:
    """The blocks that lead from one level to the next finer one."""
    sure = re.compile(r"(output_blocks\.\d+\.[12])\.(conv|in_layers\.2)\.weight")
    return [found[1] for name in shapes if (found := sure.fullmatch(name))]


def _residual(shapes: Shapes) -> bool:
    """Whether residual blocks change the resolution, not single convolutions."""
    return any(f"{name}.in_layers.2.weight" in shapes for name in _rising(shapes))


def _blocks(shapes: Shapes) -> int:
    """Residual blocks of each level on the way down; there is one more on the way up."""
    total = count(shapes, "output_blocks.{}.0.in_layers.2.weight")
    levels = len(_rising(shapes)) + 1
    return total // levels - 1


def _widths(shapes: Shapes) -> list[int]:
    """The channels of each level, the finest first."""
    levels, blocks = len(_rising(shapes)) + 1, _blocks(shapes)
    firsts = (f"input_blocks.{1 + k * (blocks + 1)}.0.in_layers.2.weight" for k in range(levels))
    found = [shapes[name][0] for name in firsts if name in shapes]
    if blocks < 1 or len(found) < levels:
        raise UnsafeFileError("The weights do not fit together", "its two sides differ in depth")
    return found


def _scales(shapes: Shapes) -> bool:
    """Whether the time both scales and shifts, so that its layers are twice as wide."""
    first = "input_blocks.1.0.{}_layers.{}.weight"
    return shapes.get(first.format("emb", 1), (0,))[0] == 2 * shapes[first.format("in", 2)][0]


def _head_channels(known: Options, widths: set[int]) -> int:
    """The channels of each head, which must be the same in all layers that attend."""
    each = {known.head_channels or width // (known.heads or 1) for width in widths}
    size = max(each)
    if len(each) > 1 or any(width % size for width in widths):
        heads = f"{known.heads} heads" if known.heads else f"Heads of {size} channels"
        why = f"the layers that attend have {sorted(widths)} channels, and one width must fit all"
        raise ModelNotFoundError(f"{heads} do not fit this model", why)
    return size
