"""Held-out portraits and the embedded models that the benchmarks share."""

from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from torch import Tensor

from overpaint.core.watch import unwatched
from overpaint.models.clip import Clip, load_clip
from overpaint.models.judge import Judge, load_judge
from overpaint.models.zoo import WEIGHTS
from overpaint.portraits.labels import LABELS
from overpaint.recipes.training import Training, images, rendered

HELD_OUT = 1000


@dataclass(frozen=True)
class HeldOut:
    """Pictures `(N, 3, 64, 64)` in [-1, 1] that no recipe saw, and attribute -> `(N,)` labels."""

    pictures: Tensor
    labels: dict[str, Tensor]

    def __getitem__(self, part: Tensor | slice) -> "HeldOut":
        labels = {name: value[part] for name, value in self.labels.items()}
        return HeldOut(self.pictures[part], labels)

    def __len__(self) -> int:
        return len(self.pictures)


@cache
def held_out(sampler: str) -> HeldOut:
    """`HELD_OUT` portraits of one sampler, rendered once."""
    data = rendered(Training(), sampler, unwatched, held_out=HELD_OUT)
    columns = torch.from_numpy(data.labels.astype(np.int64)).unbind(1)
    return HeldOut(images(data.pictures), dict(zip(LABELS, columns, strict=True)))


@cache
def judge() -> Judge:
    """The embedded judge."""
    return load_judge(WEIGHTS / "judge")


@cache
def clip(name: str = "clip") -> Clip:
    """An embedded CLIP, in float32: "clip", which guides, or "clip-check"."""
    return load_clip(WEIGHTS / name)


def read(pictures: Tensor) -> dict[str, Tensor]:
    """The judge's reading of pictures, in batches."""
    parts = [judge().read(part) for part in pictures.split(125)]
    return {name: torch.cat([part[name] for part in parts]) for name in parts[0]}
