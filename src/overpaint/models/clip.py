"""CLIP: one space for pictures and texts; picture preprocessing is differentiable torch."""

from dataclasses import dataclass
from pathlib import Path

import torch
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn import functional as F

from overpaint.errors import UnsafeFileError
from overpaint.models.devices import placed, running
from overpaint.models.folders import Folder, fingerprint
from overpaint.models.preprocess import MEAN, STD, normalised, prepare
from overpaint.models.towers import Towers, read_paired, read_residual


@dataclass(frozen=True)
class Clip:
    """Two towers with their tokenizer; both outputs have unit length."""

    towers: Towers
    tokenizer: Tokenizer
    size: int = 224  # side of the pictures it sees
    context: int = 77  # tokens of the texts it reads
    mean: tuple[float, ...] = MEAN
    std: tuple[float, ...] = STD
    dtype: torch.dtype = torch.float32
    device: torch.device | str = "cpu"
    hash: str = ""

    def image(self, images: Tensor, antialias: bool = True) -> Tensor:
        """Embed `(B, 3, H, W)` in [-1, 1] as `(B, D)`; original CLIP code used no antialias."""
        pixels = normalised(prepare(images, self.size, antialias), self.mean, self.std)
        with running(pixels.device, self.dtype):
            out = self.towers.see(pixels)
        return F.normalize(out.float(), dim=-1)

    def text(self, texts: list[str]) -> Tensor:
        """Embed texts as `(B, D)`; what exceeds the context is cut."""
        ids = tokens(self.tokenizer, texts, self.context).to(self.device)
        with running(ids.device, self.dtype):
            out = self.towers.tell(ids)
        return F.normalize(out.float(), dim=-1)


def tokens(tokenizer: Tokenizer, texts: list[str], context: int) -> Tensor:
    """Ids `(B, context)`: start, words, end, then end again as padding."""
    start, end = (tokenizer.token_to_id(f"<|{name}oftext|>") for name in ("start", "end"))
    rows = []
    for text in texts:
        ids = tokenizer.encode(text, add_special_tokens=False).ids[: context - 2]
        rows.append([start, *ids, *[end] * (context - 1 - len(ids))])
    return torch.tensor(rows, dtype=torch.long)


def load_clip(
    path: Path, device: torch.device | str = "cpu", dtype: torch.dtype = torch.float32
) -> Clip:
    """The CLIP in a folder: a transformers `CLIPModel`, or `vision` and `text` towers.

    Raises:
        UnsafeFileError: its files are not plain data, or its tokenizer lacks the special tokens.
    """
    folder = Folder.at(path)
    residual = (path / "vision").is_dir()
    towers, size, context = read_residual(folder) if residual else read_paired(folder)
    weights = (folder.sub("vision") if residual else folder).weights("model.safetensors")
    settings = "preprocessor_config.json"
    preprocessor = folder.json(settings) if folder.has(settings) else {}
    tokenizer = Tokenizer.from_file(str(folder.file("tokenizer.json")))
    if tokenizer.token_to_id("<|endoftext|>") is None:
        raise UnsafeFileError(f"The tokenizer in {path} has no <|endoftext|>", "CLIP's has")
    return Clip(
        placed(towers, device),
        tokenizer,
        size,
        context,
        mean=tuple(preprocessor.get("image_mean", MEAN)),
        std=tuple(preprocessor.get("image_std", STD)),
        dtype=dtype,
        device=device,
        hash=fingerprint(weights),
    )
