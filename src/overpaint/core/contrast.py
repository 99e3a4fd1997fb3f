"""Where two predictions of one state differ (DiffEdit, arXiv 2210.11427, section 3.2)."""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice

import torch
from torch import Tensor

from overpaint.core.rng import NoiseStream
from overpaint.core.schedule import Level

Difference = Callable[[Tensor, Level], Tensor]
"""Of states (B, ...) at a level: the noise that one text sees in them, less what another sees."""
Agreed = Callable[[Tensor, Tensor], Tensor]
"""Whether two maps (B, 1, H, W) of the same pictures say the same, (B,) bool."""
FAINT = 1e-6  # of noise of unit variance: a smaller contrast is rounding


def draws(
    x0: Tensor, level: Level, rng: NoiseStream, count: int, *, antithetic: bool = True
) -> Iterator[Tensor]:
    """`x0` (B, ...) noised to a level `count` times.

    antithetic: every second noise is the opposite of the one before it.
    """
    noise = torch.zeros_like(x0)
    for draw in range(count):
        noise = -noise if antithetic and draw % 2 else rng.randn_like(x0)
        yield level.noised(x0, noise)


def contrast(
    difference: Difference,
    noised: Iterable[Tensor],
    level: Level,
    *,
    pair: int = 2,
    agreed: Agreed | None = None,
) -> Tensor:
    """The mean size (B, 1, H, W) of a difference in states (B, C, H, W) of the same pictures.

    Each picture is judged by itself, in memory that does not grow with the number of states.

    Args:
        pair: so many states in a row are of one noise and its opposite: the mean of their
            differences counts, which what is odd in the noise has left. 1 is the paper's form.
        agreed: asked after every two pairs, about the maps of the even pairs and of the odd ones;
            a picture of which it says so needs no more of them.
    """
    sums, counts, live = list[Tensor](), torch.zeros(()), torch.ones(())
    for number, size in enumerate(_sizes(difference, iter(noised), level, pair)):
        if not sums:
            sums = [torch.zeros_like(size), torch.zeros_like(size)]
            counts, live = size.new_zeros(2, len(size), 1, 1, 1), size.new_ones(len(size), 1, 1, 1)
        sums[number % 2] += size * live
        counts[number % 2] += live
        if agreed is not None and number % 2:
            done = agreed(sums[0] / counts[0], sums[1] / counts[1])
            live = live * ~done.view_as(live)
            if not live.any():
                break
    return (sums[0] + sums[1]) / counts.sum(0)


def scaled(contrast: Tensor, *, ratio: float = 3.0, percentile: float | None = None) -> Tensor:
    """Maps (B, 1, H, W), each from its own least to its own most as [0, 1]; 0 where all is even.

    Args:
        ratio: what is above so many times a map's mean is cut as an outlier.
        percentile: cut what is above this one of its values instead.
    """
    values = contrast.flatten(1)
    top = ratio * values.mean(1) if percentile is None else values.quantile(percentile / 100, 1)
    low = values.amin(1)
    span = (values.amax(1).minimum(top) - low)[:, None]
    shares = ((values - low[:, None]) / span.clamp(min=FAINT)).clamp(max=1)
    return torch.where(span > FAINT, shares, 0).view_as(contrast)


def _sizes(
    difference: Difference, noised: Iterator[Tensor], level: Level, pair: int
) -> Iterator[Tensor]:
    """The size of the mean difference of each pair, (B, 1, H, W): its mean over channels."""
    while states := list(islice(noised, pair)):
        mean = torch.stack([difference(state, level) for state in states]).mean(0)
        yield mean.abs().mean(1, keepdim=True)
