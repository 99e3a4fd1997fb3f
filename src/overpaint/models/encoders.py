"""Text encoders in a pipeline's folder: transformers' networks, read as data."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import nn
from transformers import (
    CLIPTextConfig,
    CLIPTextModel,
    CLIPTextModelWithProjection,
    T5Config,
    T5EncoderModel,
)

from overpaint.errors import ModelNotFoundError, UnsafeFileError
from overpaint.models.devices import placed
from overpaint.models.folders import Folder, known
from overpaint.models.reading import ClipReader
from overpaint.models.shards import TRANSFORMERS, files, fill, products
from overpaint.models.t5 import T5Reader
from overpaint.models.towers import POSITIONS, TEXT, positioned
from overpaint.models.wording import clip_tokens, t5_tokens

KINDS = ("clip_text_model", "t5")  # what a configuration calls them
# Only sizes and constants: nothing in a configuration may choose code.
T5 = frozenset(
    {
        *("d_model", "d_kv", "d_ff", "num_layers", "num_heads", "vocab_size"),
        *("relative_attention_num_buckets", "relative_attention_max_distance"),
        *("layer_norm_epsilon", "feed_forward_proj"),
    }
)
TIED = "encoder.embed_tokens.weight"  # the same as shared.weight, and often left out
INNER = "text_model."  # before names, in some versions of transformers
PROJECTION = "text_projection.weight"  # which a network that is not asked for it may have
DEEPEST = 100


def clip_reader(
    folder: Folder,
    names: tuple[str, str],
    device: torch.device,
    *,
    projected: bool = False,
    penultimate: bool = False,
    cuts: bool = False,
) -> ClipReader:
    """The CLIP in the folders of these names, of the encoder and of its tokenizer.

    Args:
        projected: it says the whole text in the space of pictures.
        penultimate, cuts: as for `ClipReader`.
    """
    inside, words = (folder.sub(name) for name in names)
    config = known(_config(inside), TEXT)
    net = clip_network(config, projected=projected)
    spare = (POSITIONS,) if projected else (POSITIONS, PROJECTION)
    found = files(inside, TRANSFORMERS)
    fill(net, found, renamed=renaming(net), ignore=lambda name: name.endswith(spare))
    tokenizer, pad, longest = clip_tokens(words, net)
    return as_reader(net, device, tokenizer, pad, longest, penultimate=penultimate, cuts=cuts)


def clip_network(config: Mapping[str, Any], *, projected: bool) -> nn.Module:
    """The text tower of a CLIP, without memory for weights."""
    kind = CLIPTextModelWithProjection if projected else CLIPTextModel
    return _network(lambda: kind(CLIPTextConfig(**config)), config.get("num_hidden_layers", 12))


def renaming(net: nn.Module) -> Callable[[str], str]:
    """From a tensor's name in any version of transformers to its name in this network."""
    own = INNER if any(name.startswith(INNER) for name in net.state_dict()) else ""
    return lambda name: name if "projection" in name else own + name.removeprefix(INNER)


def as_reader(
    net: Any,
    device: torch.device,
    tokenizer: Any,
    pad: int,
    longest: int,
    **manner: bool,
) -> ClipReader:
    """A reader of a network that has its weights; `longest` is what its tokenizer allows."""
    context = min(net.config.max_position_embeddings, longest)
    return ClipReader(tokenizer, placed(positioned(net), device), context, pad, **manner)


def t5_reader(
    folder: Folder,
    names: tuple[str, str],
    device: torch.device,
    *,
    length: int,
    dtype: torch.dtype,
) -> T5Reader:
    """The T5 in the folders of these names, read up to `length` tokens.

    dtype: of its multiplications, but never float16.
    """
    inside, words = (folder.sub(name) for name in names)
    config = known(_config(inside), T5)
    net: Any = _network(lambda: T5EncoderModel(T5Config(**config)), config.get("num_layers", 6))
    kind = torch.float32 if dtype == torch.float16 else dtype
    found = files(inside, TRANSFORMERS)
    fill(net, found, ignore=lambda name: name == TIED, kinds=products(net, kind))
    net.encoder.embed_tokens.weight = net.shared.weight
    return T5Reader(t5_tokens(words, net), placed(net, device), length, kind)


def _config(folder: Folder) -> dict[str, Any]:
    """The configuration of a text encoder that is known here.

    Raises:
        ModelNotFoundError: it is another.
        UnsafeFileError: it asks for code.
    """
    config = folder.own("config.json")
    kind = config.get("model_type")
    if kind not in KINDS:
        what = f"The text encoder {kind!r:.40} of {folder.path} is not supported"
        raise ModelNotFoundError(what, "CLIP's and T5's are")
    return config


def _network(make: Callable[[], nn.Module], layers: Any) -> nn.Module:
    if layers not in range(1, DEEPEST + 1):
        raise UnsafeFileError("The configuration's number of layers is out of bounds")
    try:
        with torch.device("meta"):
            return make()
    except Exception as error:  # a wrong configuration fails in too many ways to name
        why = str(error).partition("\n")[0][:200]
        raise UnsafeFileError("The configuration describes no text encoder", why) from error
