"""Where an edit may act: masks are (B, 1, H, W) in [0, 1], and 1 is where it may."""

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from overpaint.core.rng import NoiseStream
from overpaint.core.schedule import Level
from overpaint.core.solvers import After

ByLevel = Callable[[Level], Tensor]  # the mask that holds at a level


def blend(inside: Tensor, outside: Tensor, mask: Tensor) -> Tensor:
    """`inside` where the mask is 1, `outside` where it is 0, both exactly; between, a mixture."""
    return torch.lerp(outside, inside, mask.to(inside))


def keep_outside(
    x0: Tensor, mask: Tensor | ByLevel, rng: NoiseStream, *, fresh: bool = True
) -> After:
    """Puts `x0`, noised to the level just reached, back outside the mask (arXiv 2108.01073).

    All that is not black is drawn; what is grey is mixed once, by whoever pastes the picture.

    fresh: new noise at every level, as the paper has it; else one noise for the whole path.
    """
    kept: list[Tensor] = []

    def after(x: Tensor, level: Level) -> Tensor:
        here = (mask if isinstance(mask, Tensor) else mask(level)) > 0
        if level.sigma == 0:
            return blend(x, x0, here)
        if fresh or not kept:
            kept[:] = [rng.randn_like(x)]
        return blend(x, level.noised(x0, kept[0]), here)

    return after


def keep_trajectory(states: Mapping[Level, Tensor], mask: Tensor) -> After:
    """Puts the inverted picture's own state back outside the mask (DiffEdit, arXiv 2210.11427).

    At the level just reached; at the last one that is the picture. Grey is drawn, as above.
    """

    def after(x: Tensor, level: Level) -> Tensor:
        return blend(x, states[level], mask > 0)

    return after


def dilated(mask: Tensor, pixels: int) -> Tensor:
    """The mask grown by so many pixels to each side, corners too; what is soft stays soft."""
    return F.max_pool2d(mask, 2 * pixels + 1, stride=1, padding=pixels)


def shrinking(
    mask: Tensor,
    levels: Sequence[Level],
    most: int,
    encode: Callable[[Tensor], Tensor] = lambda mask: mask,
) -> ByLevel:
    """A mask that is dilated at first and exact at last (arXiv 2206.02779, section 3.3).

    The levels are divided in equal parts of `most`, `most` - 1, ..., 0 pixels; a level keeps its
    mask if a path comes by it again.

    Args:
        mask: (B, 1, H, W) in [0, 1]; its pixels are those that are counted.
        encode: what brings a mask into the space of the states, such as `Codec.encode_mask`.
    """
    down = sorted(set(levels), key=lambda level: level.log_snr)
    sizes = [(most + 1) * left // len(down) for left in reversed(range(len(down)))]
    grown = {size: encode(dilated(mask, size)) for size in set(sizes)}
    stages = dict(zip(down, sizes, strict=True))
    return lambda level: grown[stages[level]]


def graded(mask: Tensor, t0: float) -> ByLevel:
    """A strength for each pixel: one of value v is held until time v * t0 (arXiv 2306.00950).

    What is black is held to the end; what is not is free there, so that all of it is drawn.
    """
    return lambda level: ((mask > 0) & (mask * t0 >= level.t)).to(mask)


def paste_back(original: Tensor, edited: Tensor, mask: Tensor) -> Tensor:
    """uint8 pictures blended in uint8; outside the mask every byte is the original's.

    The mask is in [0, 1] and broadcasts against the pictures, whatever their layout.
    """
    return blend(edited.float(), original.float(), mask).round().to(torch.uint8)
