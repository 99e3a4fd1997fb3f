"""How the tokens of a target text stand to those of its source (arXiv 2208.01626, section 3.2)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import Tensor

from overpaint.core.wording import Wording, cut

T = TypeVar("T")
Pair = tuple[int | None, int | None]


@dataclass(frozen=True, eq=False)
class Alignment:
    """Which tokens of the source make those of the target.

    mapper: (L, L), a column for each target token, over the source's tokens.
    alphas: (L), 1 where a target token has a counterpart; where it has none, 0, and so its column.
    """

    mapper: Tensor
    alphas: Tensor


def same(context: int) -> Alignment:
    """Each of `context` tokens with itself, as of a text that is only weighted otherwise."""
    return Alignment(torch.eye(context), torch.ones(context))


def refine(source: Wording, target: Wording) -> Alignment:
    """A text said more fully: tokens that both have, in their order, are paired.

    By Needleman and Wunsch over tokens: 1 for a pair of equals, -1 for one of others, 0 for a gap.
    """
    told, telling = ([_piece(text, i) for i in range(text.end + 1)] for text in (source, target))
    mapper = torch.zeros(len(source), len(target))
    for i, j in aligned(told, telling, lambda x, y: 1 if x == y else -1, gap=0):
        if i is not None and j is not None:
            mapper[i, j] = 1.0
    return padded(mapper, source, target)


def padded(mapper: Tensor, source: Wording, target: Wording) -> Alignment:
    """The alignment of a mapper of words: padding comes of padding, and at its place if it can."""
    for j in range(target.end + 1, len(target)):
        mapper[min(max(j, source.end + 1), len(source) - 1), j] = 1.0
    return Alignment(mapper, mapper.any(dim=0).float())


def aligned(
    xs: Sequence[T], ys: Sequence[T], score: Callable[[T, T], int], *, gap: int
) -> list[Pair]:
    """The pairs of places of the best alignment, None beside what has no counterpart.

    Of equally good ones, seen from the end, what is added comes first, then what is left out.
    """
    best = [[gap * j for j in range(len(ys) + 1)]]
    for i, x in enumerate(xs):
        row = [gap * (i + 1)]
        for j, y in enumerate(ys):
            row.append(max(row[j] + gap, best[i][j + 1] + gap, best[i][j] + score(x, y)))
        best.append(row)
    i, j, found = len(xs), len(ys), list[Pair]()
    while i or j:
        if j and (not i or best[i][j] == best[i][j - 1] + gap):
            j -= 1
            found.append((None, j))
        elif not j or best[i][j] == best[i - 1][j] + gap:
            i -= 1
            found.append((i, None))
        else:
            i, j = i - 1, j - 1
            found.append((i, j))
    return found[::-1]


def _piece(wording: Wording, i: int) -> tuple[str, bool]:
    """What tells a token from others: its letters, and whether its word goes on behind it."""
    span = wording.spans[i]
    if span is None:
        return "", i == 0  # the start, or an end
    following = wording.spans[i + 1] if i + 1 < len(wording) else None
    letters = wording.text[span[1] - 1 : span[1] + 1]
    return cut(wording.text, span), bool(
        following and following[0] == span[1] and letters.isalpha()
    )
