"""Which rows of a batch attend as others do, as linear maps (Prompt-to-Prompt, arXiv 2208.01626).

Every edit of the paper is linear in the attention maps: `new = M_source A + M_own D`. So what a row
sees is what its source's queries and keys see in the values A V, plus what its own see in D V.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from overpaint.core.alignment import Alignment
from overpaint.core.emphasis import Window
from overpaint.core.routes import Route
from overpaint.core.schedule import Level

QUERIES = 32 * 32
ROUNDING = 1e-9  # of a fraction times a count


def place(levels: Sequence[Level], level: Level) -> int:
    """Which of the descending levels of a path this is; between two of them, the noisier one's."""
    return max(sum(each.log_snr <= level.log_snr for each in levels) - 1, 0)


@dataclass(frozen=True, eq=False)
class Borrowing:
    """How a row attends as another does; swap, refine and reweight are what is filled in here.

    source: the other row; a row that only weights its own words names itself.
    weights: (L), by how much each token is attended to more.
    windows: (L, 2), for which part of the path each token's map is borrowed and weighted.
    selves: for which part of it self-attention is the source's.
    """

    source: int
    alignment: Alignment
    weights: Tensor | None = None
    windows: Tensor | None = None
    selves: Window = (0.0, 0.0)

    def maps(self, step: int, steps: int) -> tuple[Tensor, Tensor]:
        """A (L, L), and the diagonal (L) of D, at one of so many steps."""
        alphas = self.alignment.alphas
        here = torch.ones_like(alphas)
        if self.windows is not None:
            start, end = self._spans(self.windows, steps)
            here = ((start <= step) & (step < end)).to(alphas)
        weighted = here if self.weights is None else here * self.weights.to(alphas)
        return self.alignment.mapper * (alphas * weighted), (1 - alphas) * weighted + 1 - here

    def idle(self, steps: int) -> bool:
        """Whether a token is weighted whose window no step of so many lies in."""
        if self.weights is None or self.windows is None:
            return False
        start, end = self._spans(self.windows, steps)
        return bool(((self.weights != 1) & (start >= end.clamp(max=steps))).any())

    @staticmethod
    def _spans(windows: Tensor, steps: int) -> tuple[Tensor, ...]:
        """From which step to before which each token's window goes."""
        # Counted as by the authors, over one step more than there are.
        return (windows.double() * (steps + 1) + ROUNDING).floor().unbind(1)

    def whole(self, step: int, steps: int) -> bool:
        """Whether self-attention is the source's at one of so many steps."""
        start, end = (math.floor(part * steps + ROUNDING) for part in self.selves)
        return start <= step < end


@dataclass(frozen=True, eq=False)
class AttentionPlan:
    """Which rows of a batch attend as others do, at each level of a path.

    levels: of the path, descending.
    rows: None for one that attends by itself, as a source does. They are the last ones of a batch:
        what guidance puts before them, under the empty text, is left alone.
    queries: layers with more positions than this keep their self-attention.
    normalised: maps that were weighted sum to 1 again, their absolute values where some are
        negative.
    """

    levels: Sequence[Level]
    rows: Sequence[Borrowing | None]
    queries: int = QUERIES
    normalised: bool = False

    @property
    def context(self) -> int | None:
        """Tokens of the texts that were aligned, None if none was."""
        return next((len(row.alignment.alphas) for row in self.rows if row is not None), None)

    @property
    def weighs(self) -> bool:
        """Whether words of some row count more or less than as ever."""
        return any(row is not None and row.weights is not None for row in self.rows)

    @property
    def unweighted(self) -> "AttentionPlan":
        """The same but for the weights: where words are looked at, however much they count."""
        rows = [None if row is None else replace(row, weights=None) for row in self.rows]
        return replace(self, rows=rows)

    def cross(self, level: Level, count: int) -> Route | None:
        """How `count` rows attend to their texts; None if each does as ever."""
        first, weighted = list(range(count)), list[int]()
        mixed, second = dict[int, Tensor](), dict[int, Tensor]()
        for at, row in self._borrowing(count):
            source = row.source + count - len(self.rows)
            borrowed, own = row.maps(*self._step(level))
            alone = source == at or not bool(borrowed.any())
            mapper = borrowed + own.diag() if alone else borrowed
            if alone and mapper.equal(torch.eye(len(mapper))):
                continue
            mixed[at] = mapper
            if not alone:
                first[at] = source
                if bool(own.any()):
                    second[at] = own
            if self.normalised and row.weights is not None:
                weighted.append(at)
        return Route(tuple(first), mixed, second, tuple(weighted)) if mixed else None

    def selves(self, level: Level, count: int, queries: int) -> Route | None:
        """How positions of `count` rows attend to each other; None if each does as ever."""
        if queries > self.queries:
            return None
        first = list(range(count))
        for at, row in self._borrowing(count):
            if row.whole(*self._step(level)):
                first[at] = row.source + count - len(self.rows)
        return None if first == list(range(count)) else Route(tuple(first))

    def _borrowing(self, count: int) -> Iterator[tuple[int, Borrowing]]:
        offset = count - len(self.rows)
        return ((offset + i, row) for i, row in enumerate(self.rows) if row is not None)

    def _step(self, level: Level) -> tuple[int, int]:
        return place(self.levels, level), len(self.levels) - 1
