"""Stable Diffusion's networks under the names of the authors' code, as single files have them."""

import re
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

RESNET = {
    "norm1": "in_layers.0",
    "conv1": "in_layers.2",
    "time_emb_proj": "emb_layers.1",
    "norm2": "out_layers.0",
    "conv2": "out_layers.3",
    "conv_shortcut": "skip_connection",
}
ENDS = {
    "time_embedding.linear_1": "time_embed.0",
    "time_embedding.linear_2": "time_embed.2",
    "add_embedding.linear_1": "label_emb.0.0",
    "add_embedding.linear_2": "label_emb.0.2",
    "conv_in": "input_blocks.0.0",
    "conv_norm_out": "out.0",
    "conv_out": "out.2",
    "mid_block.resnets.0": "middle_block.0",
    "mid_block.attentions.0": "middle_block.1",
    "mid_block.resnets.1": "middle_block.2",
}
CODEC = {
    "mid_block.resnets.0": "mid.block_1",
    "mid_block.resnets.1": "mid.block_2",
    "mid_block.attentions.0": "mid.attn_1",
    "conv_norm_out": "norm_out",
    "conv_shortcut": "nin_shortcut",
    "group_norm": "norm",
    "to_q": "q",
    "to_k": "k",
    "to_v": "v",
    "to_out.0": "proj_out",
}
TEXT = {
    "text_model.": "",
    "embeddings.token_embedding.weight": "token_embedding.weight",
    "embeddings.position_embedding.weight": "positional_embedding",
    "final_layer_norm": "ln_final",
    "encoder.layers.": "transformer.resblocks.",
    "layer_norm": "ln_",
    "self_attn.out_proj": "attn.out_proj",
    "mlp.fc1": "mlp.c_fc",
    "mlp.fc2": "mlp.c_proj",
}


def network(net: Any) -> dict[str, Tensor]:
    """A `UNet2DConditionModel`'s weights."""
    found = {}
    for name, tensor in net.state_dict().items():
        for new, old in (ENDS | _blocks(net)).items():
            if name.startswith(f"{new}."):
                name = old + name.removeprefix(new)
                break
        if "transformer_blocks" not in name:
            name = _replaced(name, {f".{new}.": f".{old}." for new, old in RESNET.items()})
        found[f"model.diffusion_model.{name}"] = tensor
    return found


def _blocks(net: Any) -> dict[str, str]:
    """Where each block of the network stands in the row of the authors' blocks."""
    places, number = {}, 1
    for i, block in enumerate(net.down_blocks):
        for j in range(len(block.resnets)):
            places[f"down_blocks.{i}.resnets.{j}"] = f"input_blocks.{number}.0"
            places[f"down_blocks.{i}.attentions.{j}"] = f"input_blocks.{number}.1"
            number += 1
        places[f"down_blocks.{i}.downsamplers.0.conv"] = f"input_blocks.{number}.0.op"
        number += 1
    number = 0
    for i, block in enumerate(net.up_blocks):
        attends = hasattr(block, "attentions")
        for j in range(len(block.resnets)):
            places[f"up_blocks.{i}.resnets.{j}"] = f"output_blocks.{number}.0"
            places[f"up_blocks.{i}.attentions.{j}"] = f"output_blocks.{number}.1"
            number += 1
        places[f"up_blocks.{i}.upsamplers.0"] = f"output_blocks.{number - 1}.{1 + attends}"
    return places


def codec(net: Any) -> dict[str, Tensor]:
    """An `AutoencoderKL`'s weights."""
    found, last = {}, len(net.decoder.up_blocks) - 1
    for name, tensor in net.state_dict().items():
        if "attentions" in name and name.endswith("weight") and "group_norm" not in name:
            tensor = tensor[..., None, None]
        name = _replaced(name, CODEC)
        name = re.sub(r"down_blocks\.(\d)\.resnets", r"down.\1.block", name)
        name = re.sub(r"down_blocks\.(\d)\.downsamplers\.0", r"down.\1.downsample", name)
        name = re.sub(r"up_blocks\.(\d)", lambda m: f"up.{last - int(m[1])}", name)
        name = name.replace(".resnets.", ".block.")
        found["first_stage_model." + name.replace("upsamplers.0", "upsample")] = tensor
    return found


def closed(net: Any, prefix: str) -> dict[str, Tensor]:
    """OpenAI's text encoder: under transformers' names, with the positions of early versions."""
    names = (f"text_model.{name.removeprefix('text_model.')}" for name in net.state_dict())
    found = dict(zip(names, net.state_dict().values(), strict=True))
    places = torch.arange(net.config.max_position_embeddings)[None]
    found["text_model.embeddings.position_ids"] = places
    return {prefix + name: tensor for name, tensor in found.items()}


def opened(net: Any, prefix: str, *, last: bool = False) -> dict[str, Tensor]:
    """OpenCLIP's; `last`: with a last layer that Stable Diffusion 2 does not use, of zeros."""
    state, found = dict(net.state_dict()), dict[str, Tensor]()
    if last:
        first, beyond = "encoder.layers.0.", f"encoder.layers.{net.config.num_hidden_layers}."
        layer = {n: t for n, t in state.items() if first in n}
        state |= {n.replace(first, beyond): torch.zeros_like(t) for n, t in layer.items()}
        width = net.config.hidden_size
        state["text_projection.weight"] = torch.zeros(width, width)
    for name, tensor in state.items():
        if name == "text_projection.weight":
            found["text_projection"] = tensor.T.contiguous()
        elif ".q_proj." in name:
            parts = [state[name.replace(".q_proj.", f".{part}_proj.")] for part in "qkv"]
            joint = name.replace("self_attn.q_proj.", "attn.in_proj_")
            found[_replaced(joint, TEXT)] = torch.cat(parts)
        elif ".k_proj." not in name and ".v_proj." not in name:
            found[_replaced(name, TEXT)] = tensor
    found["logit_scale"] = torch.tensor(4.6)
    return {prefix + name: tensor for name, tensor in found.items()}


def _replaced(name: str, pairs: Mapping[str, str]) -> str:
    for new, old in pairs.items():
        name = name.replace(new, old)
    return name
