"""CLIP: one space for pictures and texts; picture preprocessing is differentiable torch."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn import functional as F
from transformers import CLIPConfig, CLIPModel

from overpaint.errors import UnsafeFileError
from overpaint.models.devices import placed, running
from overpaint.models.folders import Folder, fill, fingerprint, known

MEAN = (0.48145466, 0.4578275, 0.40821073)  # of OpenAI's training pictures
STD = (0.26862954, 0.26130258, 0.27577711)
# Only sizes and constants: nothing in a configuration may choose code.
_TEXT = frozenset(
    {
        *("hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads"),
        *("hidden_act", "layer_norm_eps", "attention_dropout", "initializer_factor"),
        *("vocab_size", "max_position_embeddings", "bos_token_id", "eos_token_id"),
    }
)
_VISION = _TEXT | {"image_size", "patch_size", "num_channels"}


@dataclass(frozen=True)
class Clip:
    """A transformers `CLIPModel` with its tokenizer; both outputs have unit length."""

    net: CLIPModel
    tokenizer: Tokenizer
    mean: tuple[float, ...] = MEAN
    std: tuple[float, ...] = STD
    dtype: torch.dtype = torch.float32
    hash: str = ""

    @property
    def device(self) -> torch.device:
        """Where the network lies."""
        return next(self.net.parameters()).device

    def image(self, images: Tensor, antialias: bool = True) -> Tensor:
        """Embed `(B, 3, H, W)` in [-1, 1] as `(B, D)`; original CLIP code used no antialias."""
        pixels = prepare(images, self._config("vision").image_size, antialias)
        shape = (1, 3, 1, 1)
        mean, std = pixels.new_tensor(self.mean), pixels.new_tensor(self.std)
        pixels = (pixels - mean.view(shape)) / std.view(shape)
        with running(pixels.device, self.dtype):
            pooled = self.net.vision_model(pixel_values=pixels).pooler_output
            out = self.net.visual_projection(pooled)
        return F.normalize(out.float(), dim=-1)

    def text(self, texts: list[str]) -> Tensor:
        """Embed texts as `(B, D)`; what exceeds the context is cut."""
        ids = self.tokens(texts).to(self.device)
        with running(ids.device, self.dtype):
            pooled = self.net.text_model(input_ids=ids).pooler_output
            out = self.net.text_projection(pooled)
        return F.normalize(out.float(), dim=-1)

    def tokens(self, texts: list[str]) -> Tensor:
        """Ids `(B, context)`: start, words, end, then end again as padding."""
        length = int(self._config("text").max_position_embeddings)
        start = self._id("<|startoftext|>", "bos_token_id")
        end = self._id("<|endoftext|>", "eos_token_id")
        rows = []
        for text in texts:
            ids = self.tokenizer.encode(text, add_special_tokens=False).ids[: length - 2]
            rows.append([start, *ids, *[end] * (length - 1 - len(ids))])
        return torch.tensor(rows, dtype=torch.long)

    def _id(self, token: str, other: str) -> int:
        found = self.tokenizer.token_to_id(token)
        return int(getattr(self._config("text"), other) if found is None else found)

    def _config(self, part: str) -> Any:
        return getattr(self.net.config, f"{part}_config")


def prepare(images: Tensor, size: int, antialias: bool) -> Tensor:
    """`(B, 3, H, W)` in [-1, 1] to the central `(B, 3, size, size)` in [0, 1], differentiable."""
    pixels = (images + 1) / 2
    height, width = pixels.shape[-2:]
    if min(height, width) != size:
        scale = size / min(height, width)
        pixels = F.interpolate(
            pixels,
            size=(max(size, round(height * scale)), max(size, round(width * scale))),
            mode="bicubic",
            antialias=antialias,
        )
    top, left = ((side - size) // 2 for side in pixels.shape[-2:])
    return pixels[..., top : top + size, left : left + size]


def load_clip(
    path: Path, device: torch.device | str = "cpu", dtype: torch.dtype = torch.float32
) -> Clip:
    """The CLIP in a transformers folder (config.json, model.safetensors, tokenizer.json)."""
    folder = Folder.at(path)
    weights = folder.weights("model.safetensors")
    with torch.device("meta"):
        net = _build(folder.json("config.json"))
    fill(net, weights, ignore="position_ids")
    for module in net.modules():  # the only buffers that the file does not hold
        if isinstance(ids := getattr(module, "position_ids", None), Tensor):
            module.register_buffer("position_ids", torch.arange(ids.numel())[None], False)
    preprocessor = (
        folder.json("preprocessor_config.json") if folder.has("preprocessor_config.json") else {}
    )
    return Clip(
        net=placed(net, device),
        tokenizer=Tokenizer.from_file(str(folder.file("tokenizer.json"))),
        mean=tuple(preprocessor.get("image_mean", MEAN)),
        std=tuple(preprocessor.get("image_std", STD)),
        dtype=dtype,
        hash=fingerprint(weights),
    )


def _build(config: dict[str, Any]) -> CLIPModel:
    if config.get("model_type", "clip") != "clip":
        raise UnsafeFileError(f"{config.get('model_type')!r} is not a CLIP model")
    whole = known(config, frozenset({"projection_dim", "logit_scale_init_value"}))
    parts = {"projection_dim": whole.get("projection_dim", 512)}
    text = known(config.get("text_config") or {}, _TEXT) | parts
    vision = known(config.get("vision_config") or {}, _VISION) | parts
    return CLIPModel(CLIPConfig(text_config=text, vision_config=vision, **whole))
