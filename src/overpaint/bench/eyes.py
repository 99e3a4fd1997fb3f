"""What looks at edits: networks that took no part in them."""

from collections.abc import Mapping
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


def perceptual(judge: Judge, images: Tensor, reference: Tensor) -> Tensor:
    """(B,): as LPIPS (arXiv 1801.03924, eq. 1), of the judge's stages, all channels weighing alike.

    images, reference: (B, 3, H, W) in [-1, 1].
    """
    pairs = zip(judge.stages(images), judge.stages(reference), strict=True)
    apart = [(F.normalize(a) - F.normalize(b)).square().sum(1).mean((1, 2)) for a, b in pairs]
    return torch.stack(apart).sum(0)


def places(judge: Judge, images: Tensor) -> Tensor:
    """(B, N, d): what the judge sees at each place of its last stage but one."""
    return judge.stages(images)[-2].flatten(2).transpose(1, 2)
