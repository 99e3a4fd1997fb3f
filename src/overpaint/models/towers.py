"""The two networks of a CLIP: transformers' own pair, or a residual tower beside a text tower."""

from pathlib import Path
from typing import Any, NamedTuple, Protocol, TypeVar

import torch
from torch import Tensor, nn
from transformers import (
    CLIPConfig,
    CLIPModel,
    CLIPTextConfig,
    CLIPTextModelWithProjection,
    ResNetConfig,
    ResNetForImageClassification,
)

from overpaint.errors import ModelNotFoundError
from overpaint.models.folders import Folder, adopt, agree, fill, known, shapes
from overpaint.models.pickles import read_pickled
from overpaint.models.preprocess import RESNET_KEYS

PICKLED = "pytorch_model.bin"  # how the hub has the first CLIPs
POSITIONS = "position_ids"
N = TypeVar("N", bound=nn.Module)
# Only sizes and constants: nothing in a configuration may choose code.
TEXT = frozenset(
    {
        *("hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads"),
        *("hidden_act", "layer_norm_eps", "attention_dropout", "initializer_factor"),
        *("vocab_size", "max_position_embeddings", "bos_token_id", "eos_token_id"),
        "projection_dim",
    }
)
VISION = TEXT | {"image_size", "patch_size", "num_channels"}


class Sizes(NamedTuple):
    """What the towers take."""

    pictures: int  # their side
    context: int  # tokens of a text
    vocabulary: int


class Towers(Protocol):
    """Pictures and texts to vectors of one space, not yet of unit length."""

    def see(self, pixels: Tensor) -> Tensor: ...

    def tell(self, ids: Tensor) -> Tensor: ...


class Paired(nn.Module):
    """A transformers `CLIPModel`."""

    def __init__(self, net: CLIPModel) -> None:
        super().__init__()
        self.net = net

    def see(self, pixels: Tensor) -> Tensor:
        """`(B, 3, S, S)` normalised pixels to `(B, D)`."""
        net: Any = self.net
        return net.visual_projection(net.vision_model(pixel_values=pixels).pooler_output)

    def tell(self, ids: Tensor) -> Tensor:
        """`(B, L)` token ids to `(B, D)`."""
        net: Any = self.net
        return net.text_projection(net.text_model(input_ids=ids).pooler_output)


class Residual(nn.Module):
    """A ResNet whose logits are the embedding, and a CLIP text model.

    On pictures of 64 x 64 and some hundred thousand samples, convolutions learn what a vision
    transformer does not, and their gradients draw no grid of patches.
    """

    def __init__(
        self, vision: ResNetForImageClassification, text: CLIPTextModelWithProjection
    ) -> None:
        super().__init__()
        self.vision, self.text = vision, text
        self.logit_scale = nn.Parameter(torch.tensor(2.7))

    def see(self, pixels: Tensor) -> Tensor:
        """`(B, 3, S, S)` normalised pixels to `(B, D)`."""
        pixels = pixels.contiguous(memory_format=torch.channels_last)
        return self.vision(pixel_values=pixels).logits

    def tell(self, ids: Tensor) -> Tensor:
        """`(B, L)` token ids to `(B, D)`."""
        return self.text(input_ids=ids).text_embeds


def read_paired(folder: Folder) -> tuple[Paired, Sizes]:
    """The towers in a `CLIPModel` folder."""
    config = folder.json("config.json")
    if config.get("model_type", "clip") != "clip":
        what = f"{folder.path} holds no CLIP"
        raise ModelNotFoundError(what, f"{config['model_type']!s:.40} is not supported")
    whole = known(config, frozenset({"projection_dim", "logit_scale_init_value"}))
    parts = {"projection_dim": whole.get("projection_dim", 512)}
    text = known(config.get("text_config") or {}, TEXT) | parts
    vision = known(config.get("vision_config") or {}, VISION) | parts
    with torch.device("meta"):
        net = CLIPModel(CLIPConfig(text_config=text, vision_config=vision, **whole))
    _filled(net, folder.weights("model.safetensors", PICKLED))
    return pair(net)


def pair(net: CLIPModel) -> tuple[Paired, Sizes]:
    """A network that has its weights, as towers."""
    config: Any = positioned(net).config
    return Paired(net), _sizes(config.vision_config.image_size, config.text_config)


def read_residual(folder: Folder) -> tuple[Residual, Sizes]:
    """A folder with `vision` (ResNet) and `text` (CLIP text model) in it, for 64 x 64 pictures."""
    vision, text = folder.sub("vision").json("config.json"), folder.sub("text").json("config.json")
    labels: Any = {"num_labels": int(known(text, TEXT).get("projection_dim", 512))}
    with torch.device("meta"):
        seeing = ResNetForImageClassification(ResNetConfig(**labels, **known(vision, RESNET_KEYS)))
        telling = CLIPTextModelWithProjection(CLIPTextConfig(**known(text, TEXT)))
    _filled(seeing, folder.sub("vision").weights("model.safetensors"))
    _filled(telling, folder.sub("text").weights("model.safetensors"))
    return Residual(seeing, positioned(telling)), _sizes(64, telling.config)


def _sizes(pictures: int, text: Any) -> Sizes:
    return Sizes(pictures, text.max_position_embeddings, text.vocab_size)


def _filled(net: nn.Module, weights: Path) -> None:
    """Give `net`, made on the meta device, the weights in a file of transformers."""
    if weights.name != PICKLED:
        fill(net, weights, ignore=POSITIONS)
        return
    tensors = {k: v for k, v in read_pickled(weights).items() if not k.endswith(POSITIONS)}
    agree(shapes(tensors), shapes(net.state_dict()), weights)
    adopt(net, tensors, weights)


def positioned(net: N) -> N:
    """`net` with the only buffers that no file holds."""
    for module in net.modules():
        if isinstance(ids := getattr(module, POSITIONS, None), Tensor):
            module.register_buffer(POSITIONS, torch.arange(ids.numel())[None], False)
    return net
