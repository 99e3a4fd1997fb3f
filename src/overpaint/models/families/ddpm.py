"""The DDPM UNet (arXiv 2006.11239) of SDEdit and DiffusionCLIP: CelebA-HQ, LSUN, CIFAR-10."""

from collections.abc import Iterator, Mapping
from typing import Any

from torch import Tensor

from overpaint.errors import ModelNotFoundError, OptionError
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

RESOLUTION = 16  # where all published ones attend
ENDS: list[Layer] = [
    ("temb.dense.0", ("time_embedding.linear_1",)),
    ("temb.dense.1", ("time_embedding.linear_2",)),
    ("conv_in", ("conv_in",)),
    ("norm_out", ("conv_norm_out",)),
    ("conv_out", ("conv_out",)),
]
ATTENTION = {
    "norm": ("group_norm",),
    "q": ("to_q",),
    "k": ("to_k",),
    "v": ("to_v",),
    "proj_out": ("to_out.0",),
}
RESNET = {
    "norm1": ("norm1",),
    "conv1": ("conv1",),
    "temb_proj": ("time_emb_proj",),
    "norm2": ("norm2",),
    "conv2": ("conv2",),
    "nin_shortcut": ("conv_shortcut",),
}


def holds(shapes: Shapes) -> bool:
    """Whether tensors of these names are of this family."""
    return {"temb.dense.0.weight", "conv_in.weight", "down.0.block.0.conv1.weight"} <= shapes.keys()


def converted(tensors: Mapping[str, Tensor], options: Options) -> Converted:
    """The checkpoint in diffusers' terms; of `options` only `size` and `schedule` apply."""
    if options.heads or options.head_channels or options.attention_order:
        raise OptionError("A DDPM checkpoint has one head", hint="Give size and schedule alone.")
    shapes = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
    config = configuration(shapes, options)
    kind = options.schedule or "linear"
    return Converted(
        family="ddpm",
        config=config,
        tensors=renamed(tensors, layers(config), config),
        scheduler=scheduler(kind),
        assumed={"size": config["sample_size"], "schedule": kind},
    )


def configuration(shapes: Shapes, options: Options) -> dict[str, Any]:
    """The network that has tensors of these shapes."""
    levels = count(shapes, "down.{}.block.0.conv1.weight")
    attending = [within(shapes, f"down.{level}.attn.0") for level in range(levels)]
    size = options.size or (RESOLUTION << attending.index(True) if any(attending) else None)
    if size is None:
        why, hint = "no layer attends, from which it could be told", "Convert it with -O size=256."
        raise ModelNotFoundError("The size of this model's pictures is not known", why, hint)
    return {
        "sample_size": size,
        "in_channels": shapes["conv_in.weight"][1],
        "out_channels": shapes.get("conv_out.weight", (3,))[0],
        "block_out_channels": [
            shapes[f"down.{level}.block.0.conv1.weight"][0] for level in range(levels)
        ],
        "down_block_types": ["AttnDownBlock2D" if a else "DownBlock2D" for a in attending],
        "up_block_types": ["AttnUpBlock2D" if a else "UpBlock2D" for a in reversed(attending)],
        "layers_per_block": count(shapes, "down.0.block.{}.conv1.weight"),
        "attention_head_dim": None,  # one head
        "norm_eps": 1e-6,
        "downsample_padding": 0,  # right and bottom only
        "flip_sin_to_cos": False,
        "freq_shift": 1,
    }


def layers(config: Mapping[str, Any]) -> Iterator[Layer]:
    """Every layer by its name in the checkpoint and in the network."""
    yield from ENDS
    levels, blocks = len(config["block_out_channels"]), config["layers_per_block"]
    for level in range(levels):
        down, up = f"down_blocks.{level}", f"up_blocks.{levels - 1 - level}"
        for side, ours, many in (("down", down, blocks), ("up", up, blocks + 1)):
            for n in range(many):
                yield from block(f"{side}.{level}.block.{n}", f"{ours}.resnets.{n}", RESNET)
                yield from block(f"{side}.{level}.attn.{n}", f"{ours}.attentions.{n}", ATTENTION)
        yield f"down.{level}.downsample.conv", (f"{down}.downsamplers.0.conv",)
        yield f"up.{level}.upsample.conv", (f"{up}.upsamplers.0.conv",)
    yield from block("mid.block_1", "mid_block.resnets.0", RESNET)
    yield from block("mid.attn_1", "mid_block.attentions.0", ATTENTION)
    yield from block("mid.block_2", "mid_block.resnets.1", RESNET)
