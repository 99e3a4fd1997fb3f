"""CLIP: one space for pictures and texts; picture preprocessing is differentiable torch."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from overpaint.errors import ModelNotFoundError, OptionError
from overpaint.models.devices import placed, running
from overpaint.models.files import read_file
from overpaint.models.folders import Folder, fingerprint
from overpaint.models.hub import located
from overpaint.models.openai import converted
from overpaint.models.preprocess import MEAN, STD, normalised, prepare
from overpaint.models.texts import Texts, of_folder, of_openai
from overpaint.models.towers import PICKLED, Towers, pair, read_paired, read_residual
from overpaint.models.vocabulary import SIZE

NEAR = 1e-3  # of unit vectors, below which they agree but for rounding


@dataclass(frozen=True)
class Clip:
    """Two towers with their tokenizer; both outputs have unit length."""

    towers: Towers
    tokenizer: Texts
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
        ids = self.tokenizer(texts, self.context).to(self.device)
        with running(ids.device, self.dtype):
            out = self.towers.tell(ids)
        return F.normalize(out.float(), dim=-1)


def apart(change: Tensor, prompt: str, source_prompt: str) -> Tensor:
    """The change (D,) from one text to the other, if there is any.

    Raises:
        OptionError: the texts mean the same to this CLIP.
    """
    if float(change.norm()) < NEAR:
        raise OptionError(
            f"{prompt!r} and {source_prompt!r} mean the same",
            "their CLIP embeddings agree, so there is no direction to go",
            "Say in the prompt what should change.",
        )
    return change


def load_clip(
    where: str | Path, device: torch.device | str = "cpu", dtype: torch.dtype = torch.float32
) -> Clip:
    """The CLIP in a folder, in one file of OpenAI's, or under a hub id in the cache.

    A folder holds a transformers `CLIPModel`, or `vision` and `text` towers. A file is one of
    OpenAI's archives, or a state dict (.pt, .pth, .safetensors) under its names.

    Raises:
        ModelNotFoundError: there is none, it is of another kind, or its tokenizer is missing.
        UnsafeFileError: its files are not plain data, or do not fit together.
    """
    found = located(where, "CLIP")
    clip = _of_file(found) if isinstance(found, Path) else _of_folder(found)
    towers: Any = clip.towers
    return replace(clip, towers=placed(towers, device), dtype=dtype, device=device)


def _of_file(path: Path) -> Clip:
    towers, sizes = pair(converted(read_file(path), path))
    if sizes.vocabulary != SIZE:
        why = f"it has {sizes.vocabulary} tokens, OpenAI's {SIZE}"
        raise ModelNotFoundError(f"The vocabulary of {path} is not known", why)
    return Clip(towers, of_openai(), sizes.pictures, sizes.context, hash=fingerprint(path))


def _of_folder(folder: Folder) -> Clip:
    residual = (folder.path / "vision").is_dir()
    towers, sizes = read_residual(folder) if residual else read_paired(folder)
    settings = "preprocessor_config.json"
    preprocessor = folder.json(settings) if folder.has(settings) else {}
    weights = (folder.sub("vision") if residual else folder).weights("model.safetensors", PICKLED)
    return Clip(
        towers,
        of_folder(folder, sizes.vocabulary),
        sizes.pictures,
        sizes.context,
        mean=tuple(preprocessor.get("image_mean", MEAN)),
        std=tuple(preprocessor.get("image_std", STD)),
        hash=fingerprint(weights),
    )
