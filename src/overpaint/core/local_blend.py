"""Targets that stay as their source where no word of theirs is looked at (arXiv 2208.01626)."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from overpaint.core.attention import ROUNDING, place
from overpaint.core.heat import Heat
from overpaint.core.masks import blend, dilated
from overpaint.core.schedule import Level
from overpaint.core.solvers import After
from overpaint.errors import OptionError

Threshold = Callable[[Tensor], Tensor]
"""Of maps (B, 1, H, W) in [0, 1], such as Otsu's; it broadcasts against them."""
TINY = 1e-12  # a map without any heat has no largest value


@dataclass(frozen=True)
class Cut:
    """How a map of words becomes a region.

    threshold: of its largest value. pooled: a map is spread by a cell to each side first.
    """

    threshold: float | Threshold = 0.3
    pooled: bool = True
    subtracted: bool = False  # may not change, whatever other words say
    smooth: bool = True  # between the cells of the map; the authors' code has their squares

    def __call__(self, maps: Tensor, size: Sequence[int]) -> Tensor:
        """Maps (B, 1, h, w) to bool (B, 1, H, W)."""
        maps = dilated(maps, 1) if self.pooled else maps
        mode = {"mode": "bilinear", "antialias": False} if self.smooth else {"mode": "nearest"}
        maps = F.interpolate(maps, size=tuple(size), **mode)
        maps = maps / maps.amax(dim=(2, 3), keepdim=True).clamp(min=TINY)
        least = self.threshold(maps) if callable(self.threshold) else self.threshold
        return maps > least


class LocalBlend:
    """An `After` that keeps targets at their sources' states outside a region that words have.

    The region is where the maps summed until now, of a target's words in it or of the source's
    words in the source, exceed a threshold.

    heat: the running sum, of a word for each cut. sources: for each row its source, itself for a
        source. levels: of the path. start: the fraction of it after which this begins.
    """

    def __init__(
        self,
        heat: Heat,
        sources: Sequence[int],
        levels: Sequence[Level],
        *,
        cuts: Sequence[Cut] = (Cut(),),
        start: float = 0.2,
    ) -> None:
        self.heat, self.sources, self.levels = heat, list(sources), levels
        self.cuts, self.start = cuts, start
        self.mask: Tensor | None = None  # (B, 1, H, W), the last one; None before any

    def __call__(self, x: Tensor, level: Level) -> Tensor:
        """Puts the sources' states (B, C, H, W) back into the targets, outside the mask.

        Before any call of the network there are no maps, and nothing is done (as with bdia, whose
        first state down is the trajectory's own).
        """
        if self.heat.total is None or place(self.levels, level) <= reached(self.start, self.levels):
            return x
        self.mask = self.region(x.shape[2:]).to(x)
        return blend(x, x[self.sources], self.mask)

    def region(self, size: Sequence[int]) -> Tensor:
        """Where the maps summed until now let targets change: bool (B, 1, H, W)."""
        if self.heat.total is None:
            raise OptionError("There are no maps of words", "the network was not under control")
        words = self.heat.total.split(1, dim=1)
        found = [cut(maps, size) for cut, maps in zip(self.cuts, words, strict=True)]
        either = [mask | mask[self.sources] for mask in found]
        none = torch.zeros_like(found[0])
        changed, kept = (
            [mask for mask, cut in zip(either, self.cuts, strict=True) if cut.subtracted == which]
            for which in (False, True)
        )
        return torch.stack([none, *changed]).any(0) & ~torch.stack([none, *kept]).any(0)


def shared(sources: Sequence[int], levels: Sequence[Level], until: float) -> After:
    """Gives rows their sources' states for a fraction of the path (the code's SpatialReplace)."""
    last = reached(until, levels)

    def after(x: Tensor, level: Level) -> Tensor:
        return x[list(sources)] if place(levels, level) <= last else x

    return after


def reached(part: float, levels: Sequence[Level]) -> int:
    """The number of the level at which a fraction of the path is done."""
    return math.floor(part * (len(levels) - 1) + ROUNDING)
