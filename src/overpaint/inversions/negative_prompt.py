"""Negative-prompt inversion: the source text stands for the empty one (arXiv 2305.16807)."""

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor
from torch.nn import functional as F

from overpaint.core.schedule import Level
from overpaint.core.watch import Watch, unwatched
from overpaint.errors import OptionError
from overpaint.inversions.ddim import ddim
from overpaint.inversions.source import Source
from overpaint.inversions.trajectory import Trajectory
from overpaint.models.conditions import Cond

ALIKE = 1e-4  # radians, below which the way between two texts is straight


def negative_prompt(
    source: Source,
    x0: Tensor,
    levels: Sequence[Level],
    *,
    share: float = 0.0,
    watch: Watch = unwatched,
) -> Trajectory:
    """DDIM inversion whose replay of the source is unguided, whatever the scale.

    share: how far from the source text to the empty one, in [0, 1].
    """
    if source.text is None or source.empty is None:
        raise OptionError("negative-prompt inversion needs a model that reads text")
    stands = between(source.text, source.empty, share) if share else source.text
    found = ddim(source.denoise, x0, levels, watch=watch)
    return replace(found, empties=dict.fromkeys(levels[:-1], stands))


def between(start: Cond, end: Cond, share: float) -> Cond:
    """A text on the great circle from one to another, each taken for one long vector a row."""
    text = _turned(start.text, end.text.expand_as(start.text), share)
    if start.pooled is None or end.pooled is None:
        return Cond(text)
    return Cond(text, _turned(start.pooled, end.pooled.expand_as(start.pooled), share))


def _turned(start: Tensor, end: Tensor, share: float) -> Tensor:
    a, b = start.flatten(1), end.flatten(1)
    angle = F.cosine_similarity(a, b, dim=1).clamp(-1, 1).acos()[:, None]
    straight = angle < ALIKE
    whole = torch.where(straight, 1.0, angle.sin())
    first = torch.where(straight, 1 - share, ((1 - share) * angle).sin() / whole)
    second = torch.where(straight, share, (share * angle).sin() / whole)
    return (first * a + second * b).view_as(start)
