"""What a network is told besides state and time: the numbers of texts."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from overpaint.core.prediction import Prediction
from overpaint.core.schedule import Level

Span = tuple[int, int]


@dataclass(frozen=True, eq=False)
class Cond:
    """Texts as a network reads them, a row for each; one row stands for every picture of a batch.

    text: (B, L, D), a vector for each token.
    pooled: (B, P), one for the whole text, where the network takes it (SDXL, SD3, FLUX).
    """

    text: Tensor
    pooled: Tensor | None = None

    def __len__(self) -> int:
        return len(self.text)

    def rows(self, index: Sequence[int]) -> "Cond":
        """The rows of these numbers, in their order; a row may come again."""
        return self._with(lambda part: part[list(index)])

    def to(self, device: torch.device | str) -> "Cond":
        """The same on another device."""
        return self._with(lambda part: part.to(device))

    def beside(self, x: Tensor) -> "Cond":
        """As many rows as `x` (B, ...) has, on its device."""
        count = len(x)
        if len(self) == count:
            return self._with(lambda part: part.to(x.device))
        return self._with(lambda part: part.to(x.device).expand(count, *part.shape[1:]))

    def _with(self, change: Callable[[Tensor], Tensor]) -> "Cond":
        return Cond(change(self.text), None if self.pooled is None else change(self.pooled))


class ConditionalModel(Protocol):
    """What a network says about `x` (B, ...) at a level, told a text or nothing."""

    def __call__(self, x: Tensor, level: Level, cond: Cond | None = None, /) -> Prediction: ...


def stacked(conds: Sequence[Cond]) -> Cond:
    """The rows of several, one after another."""
    pooled = [cond.pooled for cond in conds if cond.pooled is not None]
    return Cond(torch.cat([c.text for c in conds]), torch.cat(pooled) if pooled else None)


class Reader(Protocol):
    """Texts to what the network is told of them."""

    @property
    def context(self) -> int:
        """Tokens of a text, those of its start, end and padding too: `L` of `Cond.text`."""
        ...

    def __call__(self, texts: Sequence[str]) -> Cond:
        """A row for each text; "" says nothing.

        Raises:
            OptionError: a text is longer than the context.
        """
        ...

    def spans(self, text: str) -> list[Span | None]:
        """For each token of the context the characters [start, end) of `text` that it stands for.

        None for start, end and padding.
        """
        ...
