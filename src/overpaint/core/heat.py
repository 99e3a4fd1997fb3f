"""Where words are attended to: what an indicator of their tokens looks like to the queries."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from overpaint.core.routes import Route, attend
from overpaint.core.wording import Span, Wording, find


class Heat:
    """A running sum, over layers and calls, of maps of words; all other maps are never made.

    words: (R, L, W), 1 for the tokens of each of W words of a row. As in an `AttentionPlan`, the
        rows are the last ones of a batch.
    factor: a layer counts if its grid is so many times coarser than the state.
    """

    def __init__(self, words: Tensor, factor: int) -> None:
        self.words, self.factor = words, factor
        self.total: Tensor | None = None  # (R, W, h, w), mean of the heads
        self.count = 0

    def add(self, maps: Tensor) -> None:
        """Adds those of a layer, (R, W, h, w)."""
        self.total = maps if self.total is None else self.total + maps
        self.count += 1

    @property
    def mean(self) -> Tensor | None:
        """(R, W, h, w): what share of its attention a place gives a word; None before any call."""
        return None if self.total is None else self.total / self.count


def indicator(rows: Sequence[tuple[Wording, Sequence[Sequence[str | int | Span]]]]) -> Tensor:
    """(R, L, W): of each text the tokens of W groups of words, of which a group may be empty.

    Raises:
        OptionError: a text does not hold a word of its own groups.
    """
    found = torch.zeros(len(rows), len(rows[0][0]), len(rows[0][1]))
    for row, (wording, groups) in enumerate(rows):
        for group, named in enumerate(groups):
            for word in named:
                found[row, list(find(wording, word)), group] = 1.0
    return found


def heat_of(q: Tensor, k: Tensor, words: Tensor, route: Route) -> Tensor:
    """The share of its attention that a query gives words: (R, W, n), float32, mean of the heads.

    q, k: as `attend` takes them, for a batch whose last rows are those of `words` (R, L, W).
    """
    count, (heads, width) = len(route.first), q.shape[2:]
    padded = F.pad(words.to(q), (0, 0, 0, 0, count - len(words), 0))
    found = []
    for part in padded.split(width, dim=2):
        values = F.pad(part, (0, width - part.shape[2]))[:, :, None].expand(-1, -1, heads, -1)
        seen = attend(q, k, values, route)[count - len(words) :, ..., : part.shape[2]]
        found.append(seen.float().mean(2))
    return torch.cat(found, dim=2).transpose(1, 2)
