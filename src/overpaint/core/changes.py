"""Which words of a text are other ones in an edited text."""

from collections.abc import Sequence

from overpaint.core.alignment import aligned
from overpaint.core.wording import Word, Wording, cut, words

Tokens = tuple[int, ...]
# Words that join others: what they are attended to with is everywhere.
JOINING = frozenset(
    {
        *("a", "an", "the", "and", "or", "of", "in", "on", "at", "with", "without", "by", "to"),
        *("from", "for", "is", "are", "was", "has", "have", "who", "that", "which", "its", "his"),
        *("her", "their", "wearing", "dressed", "made"),
    }
)


def changed(source: Wording, target: Wording) -> tuple[Tokens, Tokens]:
    """The tokens of the source's words that are gone, and of the target's that are new.

    Words that only join others count where nothing else was changed.
    """
    told, telling = words(source.text), words(target.text)
    pairs = aligned(
        [cut(source.text, word.bare) for word in told],
        [cut(target.text, word.bare) for word in telling],
        lambda one, other: 1 if one == other else -1,
        gap=0,
    )
    gone = [told[i] for i, j in pairs if i is not None and j is None]
    new = [telling[j] for i, j in pairs if j is not None and i is None]
    if any(_says(source, word) for word in gone) or any(_says(target, word) for word in new):
        gone = [word for word in gone if _says(source, word)]
        new = [word for word in new if _says(target, word)]
    return _tokens(source, gone), _tokens(target, new)


def _says(wording: Wording, word: Word) -> bool:
    return cut(wording.text, word.bare) not in JOINING


def _tokens(wording: Wording, found: Sequence[Word]) -> Tokens:
    return tuple(dict.fromkeys(i for word in found for i in wording.over(*word.bare)))
