"""What becomes of a soft map until it is a mask, (B, 1, H, W) in [0, 1], each picture by itself."""

import torch
from torch import Tensor
from torch.nn import functional as F

from overpaint.core.masks import dilated


def otsu(soft: Tensor) -> Tensor:
    """The threshold (B, 1, 1, 1) that divides the values of a map best in two (Otsu, 1979).

    Between two values, such that the variance between both classes is largest.
    """
    values = soft.flatten(1).sort(dim=1).values
    count, sums = values.shape[1], values.double().cumsum(1)
    below = torch.arange(1, count, device=soft.device)
    above = count - below
    apart = sums[:, :-1] / below - (sums[:, -1:] - sums[:, :-1]) / above
    place = (below * above * apart.square()).argmax(1, keepdim=True)
    between = (values.gather(1, place) + values.gather(1, place + 1)) / 2
    return between.view(-1, 1, 1, 1)


def eroded(mask: Tensor, pixels: int) -> Tensor:
    """The mask smaller by so many pixels on each side, but not where the picture ends."""
    return 1 - dilated(1 - mask, pixels)


def opened(mask: Tensor, pixels: int) -> Tensor:
    """The mask without what is no wider than twice so many pixels."""
    return dilated(eroded(mask, pixels), pixels)


def closed(mask: Tensor, pixels: int) -> Tensor:
    """The mask with its gaps filled that are no wider than twice so many pixels."""
    room = F.pad(mask, [pixels] * 4)  # a gap between the mask and where the picture ends is none
    grown = eroded(dilated(room, pixels), pixels)
    return grown[..., pixels : pixels + mask.shape[-2], pixels : pixels + mask.shape[-1]]


def largest(mask: Tensor) -> Tensor:
    """Of each mask the one part with the most pixels that hang together, by a corner too."""
    inside = (mask > 0).to(torch.float64)  # holds every number of a pixel exactly
    names = torch.arange(1, inside[0].numel() + 1, device=mask.device).view_as(inside[:1]) * inside
    while not torch.equal(spread := dilated(names, 1) * inside, names):
        names = spread
    kept = torch.stack([each == _commonest(each) for each in names])
    return mask * (kept & (inside > 0))


def _commonest(names: Tensor) -> Tensor:
    """The name above 0 that most pixels have; 0 where none has one."""
    found, counts = names[names > 0].unique(return_counts=True)
    return found[counts.argmax()] if len(found) else names.new_zeros(())


def feathered(mask: Tensor, pixels: int) -> Tensor:
    """The mask with a rim around it that falls evenly to 0 over so many pixels."""
    return torch.stack([dilated(mask, grown) for grown in range(pixels + 1)]).mean(0)


def overlap(one: Tensor, other: Tensor) -> Tensor:
    """Of the pixels of either mask the share that both have, (B,); 1 where neither has any."""
    one, other = one.flatten(1) > 0, other.flatten(1) > 0
    both, either = (one & other).sum(1), (one | other).sum(1)
    return torch.where(either > 0, both / either.clamp(min=1), 1.0)
