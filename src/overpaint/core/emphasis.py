"""How strongly, and for which part of the path, words are attended to as in the source."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from overpaint.core.wording import Span, Wording, find
from overpaint.errors import OptionError

Window = tuple[float, float]
"""From which to which fraction of the path, from noise on; a number alone is the end."""
STRONGEST = 20.0
EVERYWHERE: Window = (0.0, 1.0)
PLAIN = "Write \\( for a plain parenthesis."


@dataclass(frozen=True)
class Typed:
    """A prompt freed of the weights typed in it: "(red hair:1.5)" is "red hair", weighted 1.5."""

    text: str
    weights: tuple[tuple[Span, float], ...]

    @property
    def heavy(self) -> tuple[Span, ...]:
        """Where a weight is not 1, and so does something."""
        return tuple(span for span, weight in self.weights if weight != 1)


def typed(prompt: str) -> Typed:
    r"""The text of a prompt with weights, and the characters [start, end) of it that have them.

    Parentheses without a colon are just that. `\(`, `\)`, `\:` and `\\` are the characters
    themselves; a colon needs that inside alone.

    Raises:
        OptionError: a parenthesis with a colon is left open, has no weight, or holds another one.
    """
    text, weights, at = "", list[tuple[Span, float]](), 0
    opened = list[tuple[int, int | None]]()  # where parentheses stand, each with its last colon
    while at < len(prompt):
        letter, at = prompt[at], at + 1
        if letter == "\\" and prompt[at : at + 1] in ("(", ")", ":", "\\"):
            text, at = text + prompt[at], at + 1
            continue
        start, colon = opened.pop() if letter == ")" and opened else (0, None)
        if colon is None:
            if letter == "(":
                opened.append((len(text), None))
            elif letter == ":" and opened:
                opened[-1] = opened[-1][0], len(text)
            text += letter
        elif weights and weights[-1][0][0] > start:
            raise OptionError(f"{prompt!r:.80} has a weight in another", hint=PLAIN)
        else:
            text, weight = _weighted(text, start, colon)
            weights.append(((start, len(text)), weight))
    if any(colon is not None for _, colon in opened):
        raise OptionError(f"{prompt!r:.80} leaves a parenthesis open", hint=PLAIN)
    return Typed(text, tuple(weights))


def _weighted(text: str, start: int, colon: int) -> tuple[str, float]:
    """The text up to the end of the phrase that a parenthesis begins there, and its weight."""
    phrase = text[start + 1 : colon].strip()
    try:
        weight = float(text[colon + 1 :])
    except ValueError:
        weight = math.nan
    if not phrase or not abs(weight) <= STRONGEST:  # also NaN
        raise OptionError(
            f"{text[start:]!s:.60}) is no weighted phrase",
            f"that is (words:weight), the weight in [{-STRONGEST:g}, {STRONGEST:g}]",
            PLAIN if math.isnan(weight) or not phrase else "",
        )
    return text[:start] + phrase, weight


def equalizer(wording: Wording, weights: Iterable[tuple[str | int | Span, float]]) -> Tensor:
    """(L): by how much each token is attended to more; 1 but for the words named, or typed.

    Raises:
        OptionError: the text does not hold a word.
    """
    found = torch.ones(len(wording))
    for which, weight in weights:
        found[list(find(wording, which))] = weight
    return found


def windows(
    wording: Wording,
    default: float | Window = EVERYWHERE,
    words: Mapping[str | int, float | Window] | None = None,
) -> Tensor:
    """(L, 2), float64: the window of each token, the default one but for the words named.

    Raises:
        OptionError: the text does not hold a word, or a window is none.
    """
    found = torch.tensor([window(default)], dtype=torch.float64).repeat(len(wording), 1)
    for word, each in (words or {}).items():
        own = window(each, f"the window of {word!r:.60}")
        found[list(find(wording, word))] = torch.tensor(own, dtype=torch.float64)
    return found


def window(given: float | Window, what: str = "a part of the path") -> Window:
    """A window, checked; `what` it is, for messages.

    Raises:
        OptionError: it does not lie in [0, 1], or ends before it starts.
    """
    start, end = given if isinstance(given, tuple) else (0.0, given)
    if not (0 <= start <= 1 and 0 <= end <= 1):
        raise OptionError(f"{what} must be in [0, 1]", f"got {start:g} to {end:g}")
    if start > end:
        raise OptionError(f"{what} ends before it begins", f"got {start:g} to {end:g}")
    return float(start), float(end)
