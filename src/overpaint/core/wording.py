"""The words of a text, and the tokens that stand for them."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

from overpaint.errors import OptionError

Span = tuple[int, int]
HELD = "Name a word that the text holds."


@dataclass(frozen=True)
class Wording:
    """A text and, for each token of a context, the characters [start, end) it stands for.

    None for start, end and padding, as a `Reader` says it.
    """

    text: str
    spans: tuple[Span | None, ...]

    def __len__(self) -> int:
        return len(self.spans)

    @property
    def end(self) -> int:
        """The place of the token that ends the text; padding follows it."""
        return 1 + max((i for i, span in enumerate(self.spans) if span is not None), default=0)

    def over(self, start: int, end: int) -> tuple[int, ...]:
        """The tokens that stand for any of the characters [start, end)."""
        spans = enumerate(self.spans)
        return tuple(i for i, span in spans if span and meet(span, (start, end)))


@dataclass(frozen=True)
class Word:
    """What lies between two blanks, with and without the punctuation at its ends."""

    chunk: Span
    bare: Span


def meet(one: Span, other: Span) -> bool:
    """Whether two stretches of a text have characters in common."""
    return one[0] < other[1] and other[0] < one[1]


def words(text: str) -> list[Word]:
    """The words of a text in their order."""
    found, at = [], 0
    for chunk in text.split():
        start = text.index(chunk, at)
        at = start + len(chunk)
        inner = [i for i, letter in enumerate(chunk, start) if letter.isalnum()] or [start, at - 1]
        found.append(Word((start, at), (inner[0], inner[-1] + 1)))
    return found


def cut(text: str, span: Span) -> str:
    """Those characters, case apart."""
    return text[slice(*span)].casefold()


def find(wording: Wording, phrase: str | int | Span) -> tuple[int, ...]:
    """The tokens of a word or phrase, at every place where the text holds it.

    Case does not matter; punctuation counts only where the phrase has it too, as in "doll,". What
    is no word between blanks, as in Chinese, is found where tokens begin and end with it.

    phrase: "cat#2" is the second "cat" alone, unless the text itself has "cat#2"; a number is the
        word at that place, from 0; characters [start, end) are themselves.

    Raises:
        OptionError: the text does not hold it.
    """
    if isinstance(phrase, tuple):
        return wording.over(*phrase)
    known = words(wording.text)
    if isinstance(phrase, int):
        if not 0 <= phrase < len(known):
            raise OptionError(f"The prompt has {len(known)} words", f"there is no word {phrase}")
        return wording.over(*known[phrase].chunk)
    name, number = _numbered(phrase)
    if number is not None and (places := _standing(wording, phrase)):
        name, number = phrase, None
    else:
        places = _places(wording.text, known, name) or _standing(wording, name)
    if not places:
        what = f"The prompt does not hold {name!r:.60}"
        raise OptionError(what, _held(wording.text, known), HELD)
    if number is not None:
        if not 1 <= number <= len(places):
            what = f"The prompt does not hold {phrase!r:.60}"
            raise OptionError(what, f"it holds {name!r:.60} {len(places)} times", HELD)
        places = [places[number - 1]]
    return tuple(dict.fromkeys(chain(*(wording.over(*place) for place in places))))


def _numbered(phrase: str) -> tuple[str, int | None]:
    """A phrase and which of its places is meant, None for all."""
    name, mark, number = phrase.rpartition("#")
    return (name, int(number)) if mark and name.strip() and number.isdecimal() else (phrase, None)


def _places(text: str, known: Sequence[Word], phrase: str) -> list[Span]:
    """Where the words of a phrase follow one another."""
    asked = words(phrase)
    bare = [cut(phrase, word.bare) for word in asked]
    if not asked:
        return []
    found = []
    for at in range(len(known) - len(asked) + 1):
        here = known[at : at + len(asked)]
        if [cut(text, word.bare) for word in here] == bare:
            # Punctuation at an end is meant if the phrase ends in the same.
            ends = [(asked[0], here[0]), (asked[-1], here[-1])]
            whole = [cut(phrase, told.chunk) == cut(text, word.chunk) for told, word in ends]
            first, last = (
                word.chunk if same else word.bare
                for (_, word), same in zip(ends, whole, strict=True)
            )
            found.append((first[0], last[1]))
    return found


def _standing(wording: Wording, phrase: str) -> list[Span]:
    """Where the letters of a phrase stand just as they are, from token to token."""
    text, asked = wording.text, phrase.strip().casefold()
    starts, ends = ({span[side] for span in wording.spans if span} for side in (0, 1))
    spans = [(at, at + len(phrase.strip())) for at in sorted(starts)]
    return [
        (start, end)
        for start, end in spans
        if asked and end in ends and cut(text, (start, end)) == asked
        if not _parts_word(text, start) and not _parts_word(text, end)
    ]


def _parts_word(text: str, at: int) -> bool:
    """Whether letters on both sides belong to one word, as scripts with capitals write them."""
    sides = text[at - 1 : at + 1] if at else ""
    return len(sides) == 2 and all(c.isdecimal() or c.lower() != c.upper() for c in sides)


def _held(text: str, known: Sequence[Word]) -> str:
    held = dict[str, str]()
    for word in known:
        held.setdefault(cut(text, word.bare), text[slice(*word.bare)])
    return f"its words are {', '.join(held.values()):.200}" if held else "it is empty"
