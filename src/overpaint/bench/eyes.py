"""What looks at edits: networks that took no part in them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor
from torch.nn import functional as F

from overpaint.models.clip import Clip, load_clip
from overpaint.models.identity import FaceEncoder, load_identity
from overpaint.models.judge import Judge, load_judge
from overpaint.models.zoo import embedded
from overpaint.ranking import RANKER

Stages = Sequence[Tensor]
"""What each stage of the judge sees in pictures: (B, C, h, w)."""


@dataclass(frozen=True)
class Eyes:
    """The judge, a CLIP that never guides, and a face encoder."""

    judge: Judge
    clip: Clip
    identity: FaceEncoder


@cache
def eyes() -> Eyes:
    """The embedded ones."""
    clip = load_clip(embedded(RANKER))
    return Eyes(load_judge(embedded("judge")), clip, load_identity(embedded("identity")))


def read(judge: Judge, images: Tensor) -> Mapping[str, Tensor]:
    """The judge's index of the likeliest value (B,) of each attribute."""
    return {name: found.argmax(1) for name, found in judge.read(images).items()}


def perceptual(images: Stages, reference: Stages) -> Tensor:
    """(B,): as LPIPS (arXiv 1801.03924, eq. 1), all channels weighing alike."""
    pairs = zip(images, reference, strict=True)
    apart = [(F.normalize(a) - F.normalize(b)).square().sum(1).mean((1, 2)) for a, b in pairs]
    return torch.stack(apart).sum(0)


def places(images: Stages) -> Tensor:
    """(B, N, d): what is seen at each place of the last stage but one."""
    return images[-2].flatten(2).transpose(1, 2)
