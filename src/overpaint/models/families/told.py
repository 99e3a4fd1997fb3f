"""The text encoders in a single file of Stable Diffusion, and the vocabulary that none has."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from diffusers.loaders import single_file_utils as theirs
from torch import Tensor

from overpaint.errors import ModelNotFoundError
from overpaint.models import vocabulary
from overpaint.models.conditions import Reader
from overpaint.models.encoders import as_reader, clip_network, renaming
from overpaint.models.families import compvis
from overpaint.models.families.compvis import beneath
from overpaint.models.folders import adopt, agree, shapes
from overpaint.models.joining import Abreast
from overpaint.models.reading import ClipReader
from overpaint.models.towers import POSITIONS
from overpaint.models.wording import UNLIMITED

CLIP = {"1": "cond_stage_model.transformer.", "xl": "conditioner.embedders.0.transformer."}
OPEN = {"2": "cond_stage_model.model.", "xl": "conditioner.embedders.1.model."}
PREFIXES = (*CLIP.items(), *OPEN.items())
PROJECTION = "text_projection"
FILL = "!"  # pads what OpenCLIP reads


def reader(
    kind: str, tensors: Mapping[str, Tensor], path: Path, device: torch.device
) -> tuple[Reader, int]:
    """What reads texts for Stable Diffusion `kind`, and how many numbers it says of a whole one.

    Raises:
        KeyError, ValueError: a tensor is missing, or of another kind.
        ModelNotFoundError: no library here has the vocabulary.
        UnsafeFileError: a tensor does not fit.
    """
    if kind == "1":
        return openai(tensors, CLIP[kind], path, device), 0
    if kind == "2":
        return openclip(tensors, OPEN[kind], path, device, projected=False), 0
    first = openai(tensors, CLIP[kind], path, device)
    second = openclip(tensors, OPEN[kind], path, device, projected=True)
    both = Abreast(replace(first, penultimate=True), replace(second, penultimate=True))
    return both, int(second.net.config.projection_dim)


def openai(
    tensors: Mapping[str, Tensor], prefix: str, path: Path, device: torch.device
) -> ClipReader:
    """OpenAI's text encoder, under transformers' names."""
    found = {n: t for n, t in beneath(tensors, prefix).items() if not n.endswith(POSITIONS)}
    tables = "text_model.embeddings.{}_embedding.weight"
    config = compvis.clip(
        shapes(found),
        layer="text_model.encoder.layers.",
        ids=tables.format("token"),
        places=tables.format("position"),
        inner="mlp.fc1.weight",
    )
    net = clip_network({**config, "hidden_act": "quick_gelu"}, projected=False)
    return _filled(net, found, path, device, vocabulary.SPECIAL[1])


def openclip(
    tensors: Mapping[str, Tensor],
    prefix: str,
    path: Path,
    device: torch.device,
    *,
    projected: bool,
) -> ClipReader:
    """OpenCLIP's; without its projection also without its last layer, as Stable Diffusion 2."""
    found, layer = beneath(tensors, prefix), "transformer.resblocks."
    config = compvis.clip(
        shapes(found),
        layer=layer,
        ids="token_embedding.weight",
        places="positional_embedding",
        inner="mlp.c_fc.weight",
    )
    if projected:
        config["projection_dim"] = shapes(found)[PROJECTION][1]
    else:
        config["num_hidden_layers"] -= 1
        last = f"{layer}{config['num_hidden_layers']}."
        found = {n: t for n, t in found.items() if not n.startswith((last, PROJECTION))}
    net = clip_network({**config, "hidden_act": "gelu"}, projected=projected)
    converted = theirs.convert_open_clip_checkpoint(net, found, prefix="")
    return _filled(net, converted, path, device, FILL)


def _filled(
    net: Any, converted: Mapping[str, Tensor], path: Path, device: torch.device, pad: str
) -> ClipReader:
    """The reader of a network on the meta device, with weights and OpenAI's vocabulary."""
    if net.config.vocab_size != vocabulary.SIZE:
        why = f"it has {net.config.vocab_size} tokens, OpenAI's {vocabulary.SIZE}"
        raise ModelNotFoundError(f"The vocabulary of {path} is not known", why)
    tokenizer, named = vocabulary.of_openai(pad), renaming(net)
    given = {named(name): tensor for name, tensor in converted.items()}
    want = {n: s for n, s in shapes(net.state_dict()).items() if not n.endswith(POSITIONS)}
    agree(shapes(given), want, path)
    adopt(net, given, path)
    return as_reader(net, device, tokenizer, tokenizer.token_to_id(pad) or 0, UNLIMITED)
