"""What CLIP is shown of an edit: the picture itself, random views of it, or random patches."""

import torch
from torch import Tensor

from overpaint.models.augment import Views

VIEWS = Views(scale=0.18, turn=0.12, shift=0.10, bend=0.08, colour=0.20, noise=0.25, blur=2.0)
Pair = tuple[Tensor, Tensor]


def views(source: Tensor, edited: Tensor, count: int, rng: torch.Generator) -> Pair:
    """Both pictures in the same `count` views, each `(count * B, 3, H, W)`; with 0 as they are."""
    if count == 0:
        return source, edited
    before, after = VIEWS.alike((each.repeat(count, 1, 1, 1) for each in (source, edited)), rng)
    return before, after


def patches(source: Tensor, edited: Tensor, count: int, part: float, rng: torch.Generator) -> Pair:
    """The same `count` random squares of both pictures, each `(count * B, 3, s, s)`.

    part: their side, as a part of the shorter one of the picture's.
    """
    height, width = source.shape[-2:]
    side = max(1, round(part * min(height, width)))
    corners = torch.rand(2, count * len(source), generator=rng, device=rng.device)
    top, left = (
        (corner * (room - side + 1)).long().clamp(max=room - side)
        for corner, room in zip(corners, (height, width), strict=True)
    )
    copies = (each.repeat(count, 1, 1, 1) for each in (source, edited))
    before, after = (_cut(each, top, left, side) for each in copies)
    return before, after


def _cut(images: Tensor, top: Tensor, left: Tensor, side: int) -> Tensor:
    """The square of each of `(N, C, H, W)` that begins at its own row and column."""
    along = torch.arange(side, device=images.device)
    rows, columns = ((start.to(along)[:, None] + along) for start in (top, left))
    which = torch.arange(len(images), device=images.device)[:, None, None]
    return images[which, :, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)
