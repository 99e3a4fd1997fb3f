"""Words for other words: who hands its attention to whom (arXiv 2208.01626, "word swap")."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

import torch
from torch import Tensor

from overpaint.core.alignment import Alignment, aligned, padded
from overpaint.core.wording import Wording, cut, words
from overpaint.errors import OptionError

PAIR, GAP, NEVER = 4, -3, -99  # a shift has to win more than one pair


@dataclass(frozen=True)
class _Unit:
    """A word, or the punctuation at an end of one."""

    text: str
    tokens: tuple[int, ...]

    @property
    def spoken(self) -> bool:
        return any(letter.isalnum() for letter in self.text)


def swap(source: Wording, target: Wording, *, published: bool = False) -> Alignment:
    """A word that is replaced hands its tokens' attention to the new one.

    Texts are aligned by words, so they may be of unequal length: words that stand in the place of
    others share their attention evenly, and what was only added has no counterpart.

    published: as the authors' code has it: word by word, in texts of equally many; behind the last
        word replaced each place is paired with itself, also where that is another word.

    Raises:
        OptionError: one text has more words, and `published`.
    """
    mapper = torch.zeros(len(source), len(target))
    mapper[0, 0] = 1.0
    if published:
        return _by_place(mapper, source, target)
    for old, new in _pairs(_units(source), _units(target)):
        _hand(mapper, old, new)
    mapper[source.end, target.end] = 1.0
    return padded(mapper, source, target)


def _pairs(xs: Sequence[_Unit], ys: Sequence[_Unit]) -> Iterator[tuple[list[int], list[int]]]:
    """Tokens of the source, and those of the target that they become."""

    def score(x: _Unit, y: _Unit) -> int:
        return PAIR if x.text == y.text else 0 if x.spoken == y.spoken else NEVER

    paired = [
        (None if i is None else xs[i], None if j is None else ys[j])
        for i, j in aligned(xs, ys, score, gap=GAP)
    ]
    for kept, run in groupby(paired, lambda pair: _equal(*pair)):
        changed = list(run)
        if kept or all(x and y for x, y in changed):
            yield from ((list(x.tokens), list(y.tokens)) for x, y in changed if x and y)
            continue
        for spoken in (True, False):  # a comma takes no word's place
            old = [i for x, _ in changed if x and x.spoken == spoken for i in x.tokens]
            new = [j for _, y in changed if y and y.spoken == spoken for j in y.tokens]
            yield old, new


def _equal(x: _Unit | None, y: _Unit | None) -> bool:
    return x is not None and y is not None and x.text == y.text


def _by_place(mapper: Tensor, source: Wording, target: Wording) -> Alignment:
    told, telling = ([cut(t.text, w.chunk) for w in words(t.text)] for t in (source, target))
    if len(told) != len(telling):
        counts = f"{len(told)} and {len(telling)}"
        raise OptionError("Words are swapped one by one", f"the texts have {counts} of them")
    last = max((i for i in range(len(told)) if told[i] != telling[i]), default=-1)
    behind = 0
    for i in range(last + 1):
        old, new = (t.over(*words(t.text)[i].chunk) for t in (source, target))
        _hand(mapper, old, new)
        behind = new[-1] + 1
    rest = torch.arange(behind, len(target))
    mapper[rest, rest] = 1.0
    return Alignment(mapper, torch.ones(len(target)))


def _hand(mapper: Tensor, old: Sequence[int], new: Sequence[int]) -> None:
    """One by one if there are equally many, else each of the old in equal shares to all new."""
    if len(old) == len(new):
        mapper[list(old), list(new)] = 1.0
    elif old and new:
        mapper[torch.tensor(old)[:, None], list(new)] = 1 / len(new)


def _units(wording: Wording) -> list[_Unit]:
    found = []
    for word in words(wording.text):
        (start, end), (left, right) = word.chunk, word.bare
        found += [(a, b) for a, b in ((start, left), (left, right), (right, end)) if a < b]
    return [_Unit(cut(wording.text, span), wording.over(*span)) for span in found]
