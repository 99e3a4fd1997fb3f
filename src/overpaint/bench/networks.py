"""The networks by which published protocols score, as far as they are on this machine."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from overpaint.errors import ModelNotFoundError, OverpaintError
from overpaint.metrics.perceptual import lpips
from overpaint.models.clip import Clip, load_clip
from overpaint.models.devices import pick_device
from overpaint.models.dino import Dino, load_dino


@dataclass(frozen=True)
class Networks:
    """Hub ids or folders, and LPIPS's network; None: there is none, and no score by it."""

    clip: str | None = None
    dino: str | None = None
    lpips: str | None = None
    device: str = "auto"

    @property
    def told(self) -> dict[str, str | None]:
        """What rows say of them: no path but its last part."""
        of = {"clip_net": self.clip, "dino_net": self.dino, "lpips_net": self.lpips}
        return {name: _plain(where) for name, where in of.items()}

    def see(self, images: Tensor) -> Tensor:
        """CLIP's embeddings (B, d) of pictures (B, 3, H, W) in [0, 1]."""
        return self._clip.image((images * 2 - 1).to(self._clip.device)).detach().cpu()

    def read(self, texts: list[str]) -> Tensor:
        """CLIP's embeddings (B, d) of texts."""
        return self._clip.text(texts).detach().cpu()

    def embed(self, images: Tensor) -> Tensor:
        """DINO's embeddings (B, d) of pictures (B, 3, H, W) in [0, 1]."""
        return self._dino.embed(images).cpu()

    def keys(self, images: Tensor, *, full_range: bool) -> Tensor:
        """DINO's keys (B, N, d) of pictures; `full_range` is the published slip of PIE-Bench."""
        return self._dino.keys(images, full_range=full_range).cpu()

    def apart(self, images: Tensor, others: Tensor) -> float:
        """LPIPS of two pictures (1, 3, H, W) in [0, 1]."""
        device = pick_device(self.device)
        return float(_lpips(str(self.lpips))(images.to(device), others.to(device)))

    @property
    def _clip(self) -> Clip:
        return _clip_of(str(self.clip), self.device)

    @property
    def _dino(self) -> Dino:
        return _dino_of(str(self.dino), self.device)


def there(
    usual: Networks, *, clip: str | None = None, dino: str | None = None, device: str = "auto"
) -> tuple[Networks, list[str]]:
    """The usual networks or those given, without what is not to be had; what to say of that.

    Raises:
        OverpaintError: one that was given is not there.
    """
    notes: list[str] = []
    of = {"clip": clip or usual.clip, "dino": dino or usual.dino}
    wanted = replace(usual, **{name: _anywhere(where) for name, where in of.items()}, device=device)
    tries: dict[str, Callable[[], object]] = {
        "clip": lambda: wanted._clip,
        "dino": lambda: wanted._dino,
        "lpips": lambda: _lpips(str(wanted.lpips)),
    }
    for name, load in tries.items():
        try:
            if getattr(wanted, name) is not None:
                load()
        except (OverpaintError, ImportError) as error:
            if {"clip": clip, "dino": dino}.get(name):
                raise
            notes.append(f"no scores by {name.upper()}: {_first(error)}")
            wanted = replace(wanted, **dict[str, Any]({name: None}))
    return wanted, notes


def pixels(picture: np.ndarray) -> Tensor:
    """(H, W, 3) uint8 as (1, 3, H, W) in [0, 1]."""
    return torch.from_numpy(np.array(picture)).permute(2, 0, 1)[None].float() / 255


@cache
def _clip_of(where: str, device: str) -> Clip:
    return load_clip(where, pick_device(device))


@cache
def _dino_of(where: str, device: str) -> Dino:
    return load_dino(where, pick_device(device))


@cache
def _lpips(net: str) -> Callable[[Tensor, Tensor], Tensor]:
    return lpips(net)


def _first(error: Exception) -> str:
    """What went wrong and what to do, on one line."""
    if isinstance(error, ModelNotFoundError):
        return f"{error.what}. {error.hint}".rstrip()
    return "; ".join(str(error).split("\n"))


def _anywhere(where: str | None) -> str | None:
    """A folder's whole path, so that it does not hang on where a worker was started."""
    return str(Path(where).absolute()) if where and Path(where).exists() else where


def _plain(where: str | None) -> str | None:
    return where if where is None or not Path(where).exists() else Path(where).resolve().name
