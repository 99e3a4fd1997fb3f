"""Which words of a text are other ones in an edited text, or weighted there; and other pictures."""

from collections.abc import Sequence
from itertools import chain

from overpaint.core.alignment import aligned
from overpaint.core.wording import Span, Word, Wording, cut, meet, words

Tokens = tuple[int, ...]
# Words that join others: what they are attended to with is everywhere.
JOINING = frozenset(
    {
        *("a", "an", "the", "and", "or", "of", "in", "on", "at", "with", "without", "by", "to"),
        *("from", "for", "is", "are", "was", "has", "have", "who", "that", "which", "its", "his"),
        *("her", "their", "wearing", "dressed", "made"),
    }
)


# Words that name a kind of picture: where one comes or goes, all of the picture is another.
KINDS = frozenset(
    {
        *("photo", "photograph", "picture", "image", "portrait", "snapshot", "painting", "oil"),
        *("watercolour", "watercolor", "sketch", "drawing", "cartoon", "comic", "anime", "render"),
        *("illustration", "engraving", "etching", "print", "poster", "mosaic", "statue"),
        *("sculpture", "figurine", "graffiti", "style", "art"),
    }
)


def restyled(source: Wording, target: Wording) -> bool:
    """Whether another kind of picture is asked for: "a sketch of a cat" for "a photo of a cat"."""
    told, telling = words(source.text), words(target.text)
    named = [
        {cut(wording.text, word.bare) for word in each} & KINDS
        for wording, each in ((source, told), (target, telling))
    ]
    return named[0] != named[1]


def changed(
    source: Wording, target: Wording, weighted: Sequence[Span] = ()
) -> tuple[Tokens, Tokens]:
    """The tokens of the source's words that are gone, and of the target's that are new.

    With them those of the word that each of them describes: in "red hair" for "white hair" what is
    another is the hair. Words that only join others count where nothing else was changed.

    weighted: characters of the target; what both texts have in them counts as changed too.
    """
    told, telling = words(source.text), words(target.text)
    pairs = aligned(
        [cut(source.text, word.bare) for word in told],
        [cut(target.text, word.bare) for word in telling],
        lambda one, other: 1 if one == other else -1,
        gap=0,
    )

    def touched(j: int | None) -> bool:
        return j is None or any(meet(telling[j].chunk, span) for span in weighted)

    gone = [i for i, j in pairs if i is not None and touched(j)]
    new = [j for i, j in pairs if j is not None and (i is None or touched(j))]
    if _saying(source, told, gone) or _saying(target, telling, new):
        gone, new = _described(source, told, gone), _described(target, telling, new)
    return _tokens(source, told, gone), _tokens(target, telling, new)


def _saying(wording: Wording, told: Sequence[Word], found: Sequence[int]) -> list[int]:
    """The numbers of words that do not only join others."""
    return [i for i in found if cut(wording.text, told[i].bare) not in JOINING]


def _described(wording: Wording, told: Sequence[Word], found: Sequence[int]) -> list[int]:
    """Those, and the numbers of the words that they stand right before."""
    saying = _saying(wording, told, found)
    before = [i for i in saying if i + 1 < len(told) and told[i].chunk[1] == told[i].bare[1]]
    return sorted({*saying, *_saying(wording, told, [i + 1 for i in before])})


def _tokens(wording: Wording, told: Sequence[Word], found: Sequence[int]) -> Tokens:
    each = (wording.over(*told[number].bare) for number in found)
    return tuple(dict.fromkeys(chain.from_iterable(each)))
