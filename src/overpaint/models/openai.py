"""OpenAI's CLIP checkpoints: the vision transformers among them, as transformers' `CLIPModel`."""

import json
import re
from collections.abc import Mapping
from math import isqrt
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor
from transformers import CLIPConfig, CLIPModel

from overpaint.errors import ModelNotFoundError, UnsafeFileError
from overpaint.models.folders import Shapes, adopt, agree, shapes
from overpaint.models.preprocess import MEAN, STD

# transformers' names on the left, OpenAI's on the right; each is replaced in turn.
NAMES = (
    (r"^vision_model\.", "visual."),
    (r"^text_model\.", ""),
    (r"embeddings\.(class_embedding)$", r"\1"),
    (r"embeddings\.patch_embedding\.", "conv1."),
    (r"embeddings\.position_embedding\.weight$", "positional_embedding"),
    (r"embeddings\.(token_embedding)\.", r"\1."),
    (r"pre_layrnorm\.", "ln_pre."),
    (r"post_layernorm\.", "ln_post."),
    (r"final_layer_norm\.", "ln_final."),
    (r"encoder\.layers\.", "transformer.resblocks."),
    (r"layer_norm([12])\.", r"ln_\1."),
    (r"self_attn\.[qkv]_proj\.", "attn.in_proj_"),
    (r"self_attn\.out_proj\.", "attn.out_proj."),
    (r"mlp\.fc1\.", "mlp.c_fc."),
    (r"mlp\.fc2\.", "mlp.c_proj."),
    (r"^visual_projection\.weight$", "visual.proj"),
    (r"^text_projection\.weight$", "text_projection"),
)
SETTINGS = ("input_resolution", "context_length", "vocab_size", "attn_mask")  # not weights
PART = re.compile(r"self_attn\.([qkv])_proj\.")  # of one tensor that holds all three
HEAD = 64  # width of an attention head in all of them
MOST = 1_000_000  # of any size


def holds(found: Shapes) -> bool:
    """Whether these are a CLIP's weights under OpenAI's names, of whichever kind."""
    return {"visual.conv1.weight", "token_embedding.weight", "text_projection"} <= found.keys()


def converted(tensors: Mapping[str, Tensor], path: Path) -> CLIPModel:
    """The weights of the file `path` in transformers' network.

    Raises:
        ModelNotFoundError: they are no CLIP's, or those of one with a ResNet.
        UnsafeFileError: one does not fit.
    """
    given = {k: v for k, v in tensors.items() if not k.endswith(SETTINGS)}
    with torch.device("meta"):
        net = CLIPModel(_configured(shapes(given), path))
    own = shapes(net.state_dict())
    agree(shapes(given), {official(n): _stored(n, shape) for n, shape in own.items()}, path)
    adopt(net, {name: _taken(name, given[official(name)]) for name in own}, path)
    return net


def write(tensors: Mapping[str, Tensor], path: Path, folder: Path) -> None:
    """Write the CLIP of the file `path` to `folder` as transformers does, in its own precision.

    Raises: as `converted` does.
    """
    net: Any = converted(tensors, path)
    weights = net.state_dict()
    kept = {n: t.to(tensors[official(n)].dtype).contiguous() for n, t in weights.items()}
    side = net.config.vision_config.image_size
    pictures = {"image_mean": MEAN, "image_std": STD, "size": {"shortest_edge": side}}
    pictures |= {"crop_size": side, "image_processor_type": "CLIPImageProcessor"}
    folder.mkdir(parents=True, exist_ok=True)
    net.config.architectures = ["CLIPModel"]
    net.config.save_pretrained(folder)
    save_file(kept, folder / "model.safetensors", metadata={"format": "pt"})
    text = json.dumps(pictures, indent=2) + "\n"
    (folder / "preprocessor_config.json").write_text(text, encoding="utf-8")


def official(name: str) -> str:
    """OpenAI's name of the tensor that transformers calls `name`."""
    for theirs, ours in NAMES:
        name = re.sub(theirs, ours, name)
    return name


def _configured(found: Shapes, path: Path) -> CLIPConfig:
    """The sizes of a CLIP, read off its tensors."""
    if not holds(found):
        what = f"{path} holds no CLIP of OpenAI's"
        raise ModelNotFoundError(what, f"its first tensor is {next(iter(found), 'missing')!s:.80}")
    if "visual.proj" not in found:
        what, hint = f"{path} holds a CLIP with a ResNet", "Use a ViT, such as ViT-B/16."
        raise ModelNotFoundError(what, "only vision transformers are supported", hint)
    try:
        width, _, _, patch = found["visual.conv1.weight"]
        places, _ = found["visual.positional_embedding"]
        words, reading = found["token_embedding.weight"]
        context, _ = found["positional_embedding"]
        _, joint = found["text_projection"]
    except (KeyError, ValueError) as error:
        raise UnsafeFileError(f"The weights in {path} do not fit", f"see {error}") from error
    seen, told = _blocks(found, "visual.transformer."), _blocks(found, "transformer.")
    sizes = (width, patch, words, reading, context, joint)
    fine = all(0 < size <= MOST for size in sizes) and 0 < min(seen, told) <= max(seen, told) < 100
    if not fine or width % HEAD or reading % HEAD:
        why = f"widths {width} and {reading}, {seen} and {told} blocks"
        raise UnsafeFileError(f"The weights in {path} have sizes that no CLIP has", why)
    vision = {"image_size": patch * isqrt(places - 1), "patch_size": patch}
    text = {"vocab_size": words, "max_position_embeddings": context}
    text |= {"bos_token_id": words - 2, "eos_token_id": words - 1, "pad_token_id": words - 1}
    return CLIPConfig(
        text_config=text | _widths(reading, told, joint),
        vision_config=vision | _widths(width, seen, joint),
        projection_dim=joint,
    )


def _widths(width: int, layers: int, joint: int) -> dict[str, int]:
    """What both towers say of themselves."""
    sizes = {"hidden_size": width, "intermediate_size": 4 * width, "num_hidden_layers": layers}
    return sizes | {"num_attention_heads": width // HEAD, "projection_dim": joint}


def _blocks(found: Shapes, tower: str) -> int:
    """How many blocks a tower has."""
    matches = (re.match(rf"{tower}resblocks\.(\d+)\.", name) for name in found)
    return len({match[1] for match in matches if match})


def _stored(name: str, shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape that OpenAI's tensor has, of which this is transformers' or a part."""
    if "_projection." in name:
        return shape[::-1]
    return (3 * shape[0], *shape[1:]) if PART.search(name) else shape


def _taken(name: str, tensor: Tensor) -> Tensor:
    """transformers' tensor out of OpenAI's."""
    if "_projection." in name:
        return tensor.T
    part = PART.search(name)
    return tensor.chunk(3)["qkv".index(part[1])] if part else tensor
