"""Several text encoders read at once, put together as each family was trained."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch.nn import functional as F

from overpaint.models.conditions import Cond, Span
from overpaint.models.reading import ClipReader
from overpaint.models.t5 import T5Reader


@dataclass(frozen=True, eq=False)
class Abreast:
    """Two CLIPs whose states lie side by side; the second says the whole (SDXL, arXiv 2307.01952).

    hushed: nothing at all (zeros) stands for the empty text.
    """

    first: ClipReader
    second: ClipReader
    hushed: bool = True

    @property
    def context(self) -> int:
        """Tokens of a text."""
        return self.first.context

    def __call__(self, texts: Sequence[str]) -> Cond:
        """`Cond.text` (B, L, D1 + D2) and `Cond.pooled` (B, P)."""
        (one, _), (two, pooled) = self.first.both(texts), self.second.both(texts)
        text = torch.cat([one, two], dim=-1)
        if self.hushed:
            said = torch.tensor([float(each != "") for each in texts], device=text.device)
            text, pooled = text * said.view(-1, 1, 1), pooled * said.view(-1, 1)
        return Cond(text, pooled)

    def spans(self, text: str) -> list[Span | None]:
        """Which characters of `text` each token stands for."""
        return self.first.spans(text)


@dataclass(frozen=True, eq=False)
class InTurn:
    """Two CLIPs abreast, then a T5, as one sequence (SD3, arXiv 2403.03206, section 4).

    Args:
        t5: None where it was left away; zeros stand for it then.
        length: tokens of the T5.
        width: D of the sequence, to which the CLIPs are filled up with zeros.
    """

    clips: tuple[ClipReader, ClipReader]
    t5: T5Reader | None
    length: int
    width: int

    @property
    def context(self) -> int:
        """Tokens of a text: the CLIPs', then the T5's."""
        return self.clips[0].context + self.length

    def __call__(self, texts: Sequence[str]) -> Cond:
        """`Cond.text` (B, L1 + L2, D) and `Cond.pooled` (B, P1 + P2)."""
        states, pooled = zip(*(clip.both(texts) for clip in self.clips), strict=True)
        abreast = torch.cat(states, dim=-1)
        text = F.pad(abreast, (0, self.width - abreast.shape[-1]))
        rest = text.new_zeros(len(texts), self.length, self.width)
        rest = rest if self.t5 is None else self.t5(texts).text
        return Cond(torch.cat([text, rest], dim=1), torch.cat(pooled, dim=-1))

    def spans(self, text: str) -> list[Span | None]:
        """Which characters of `text` each token stands for; a word comes once for each reader."""
        rest = [None] * self.length if self.t5 is None else self.t5.spans(text)
        return [*self.clips[0].spans(text), *rest]


@dataclass(frozen=True, eq=False)
class Apart:
    """A T5 that reads word by word, and a CLIP that says the whole (FLUX)."""

    clip: ClipReader
    t5: T5Reader

    @property
    def context(self) -> int:
        """Tokens of a text: the T5's."""
        return self.t5.context

    def __call__(self, texts: Sequence[str]) -> Cond:
        """`Cond.text` (B, L, D) and `Cond.pooled` (B, P)."""
        return replace(self.t5(texts), pooled=self.clip.both(texts)[1])

    def spans(self, text: str) -> list[Span | None]:
        """Which characters of `text` each token stands for."""
        return self.t5.spans(text)
