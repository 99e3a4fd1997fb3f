"""How real pictures look: the distance of their features from those of real ones."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from overpaint.metrics.sets import kid
from overpaint.models.judge import Judge

PORTION = 64  # pictures that the judge sees at a time


@dataclass(frozen=True, eq=False)
class Critic:
    """Compares pictures with real ones by what a judge reads from."""

    judge: Judge
    real: Tensor  # features (N, d)

    def kid(self, images: Tensor) -> float:
        """Of pictures (B, 3, H, W) in [-1, 1], two at least; lower is better."""
        return kid(features(self.judge, images), self.real)


@dataclass(frozen=True)
class Gallery:
    """What a critic is made of, loaded when one is asked for.

    pictures: real ones of a folder, or of the model's own world where it is empty:
        (N, 3, H, W) in [-1, 1].
    """

    judge: Callable[[], Judge]
    pictures: Callable[[str], Tensor]

    def critic(self, folder: str = "") -> Critic:
        """One that knows the pictures of a folder."""
        pictures, judge = self.pictures(folder), self.judge()
        return Critic(judge, features(judge, pictures))


def features(judge: Judge, images: Tensor) -> Tensor:
    """(B, d) of pictures (B, 3, H, W) in [-1, 1]."""
    return torch.cat([judge.features(part) for part in images.split(PORTION)])
