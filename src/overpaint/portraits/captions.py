"""The grammar: sentences that are true of a scene, in many words."""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from overpaint.portraits.labels import HIDDEN, LABELS, Claims, label_row
from overpaint.portraits.scene import VALUES, Scene
from overpaint.portraits.words import (
    ADJECTIVES,
    HAIR_STYLES,
    HAIR_WORDS,
    MEDIA,
    NOUNS,
    PHRASES,
    PLAIN,
    ZOMBIES,
)


class Chooser(Protocol):
    """What chooses words and their order: numpy's generator, or `PLAINEST`."""

    def integers(self, low: int, /) -> Any:
        """A whole number in [0, low)."""

    def random(self) -> Any:
        """A number in [0, 1)."""

    def permutation(self, x: list[str], /) -> np.ndarray:
        """The same in another order."""


class _Plainest:
    def integers(self, low: int, /) -> int:
        return 0

    def random(self) -> float:
        return 1.0

    def permutation(self, x: list[str], /) -> np.ndarray:
        return np.array(x, dtype=object)


PLAINEST: Chooser = _Plainest()
"""Chooses the grammar's first words, in the order of the claims."""


@dataclass(frozen=True)
class Caption:
    """A sentence with what it claims."""

    text: str
    claims: Claims


def phrase(claims: Claims, rng: Chooser) -> str:
    """A sentence that claims just that, in words and order chosen by `rng`."""
    left = dict(claims)
    style = left.pop("style", None)
    kind = left.pop("kind", None)
    noun = _one(NOUNS[kind] if kind else ("a portrait", "a face", "a figure"), rng)
    tail = _hair(left, kind, rng)
    for name in rng.permutation(list(left)).tolist():
        words = ADJECTIVES.get(name, {}).get(left[name])
        if words and rng.random() < 0.35 and noun.count(" ") == 1:
            noun = _article(f"{_one(words, rng)} {noun.split(' ', 1)[1]}")
        else:
            tail.append(_one(PHRASES[name][left[name]], rng))
    if style == "zombie" and kind and noun in NOUNS[kind]:
        whole = _one(ZOMBIES[kind], rng)
        return " ".join([whole, *tail])
    return _one(MEDIA[style] if style else PLAIN, rng).format(" ".join([noun, *tail]))


def caption(scene: Scene, rng: np.random.Generator, most: int = 5) -> Caption:
    """A true sentence about some of what the picture of `scene` shows."""
    return caption_of_labels(label_row(scene), rng, most)


def caption_of_labels(
    row: np.ndarray, rng: np.random.Generator, most: int = 5, least: int = 0
) -> Caption:
    """A true sentence about a picture known by its label row."""
    named = {
        name: VALUES[name][int(value)]
        for name, value in zip(LABELS, row, strict=True)
        if value != HIDDEN
    }
    kind, style = named.pop("kind"), named.pop("style")
    told = rng.permutation(list(named))[: int(rng.integers(least, most + 1))].tolist()
    claims = {name: named[name] for name in told}
    if rng.random() < 0.85:
        claims["kind"] = kind
    if rng.random() < 0.6:
        claims["style"] = style
    return Caption(phrase(claims, rng), claims)


def _hair(left: dict[str, str], kind: str | None, rng: Chooser) -> list[str]:
    """Words on hair colour and style, taken out of `left`."""
    colour, style = left.pop("hair", None), left.pop("hair_style", None)
    if colour is None and style is None:
        return []
    word = _one(HAIR_WORDS.get(colour, (colour,)), rng) + " " if colour else ""
    if style:
        return [_one(HAIR_STYLES[style], rng).format(word)]
    return [f"with {word}{'fur' if kind in ('cat', 'bear') else 'hair'}"]


def _one(options: tuple[str, ...], rng: Chooser) -> str:
    return options[int(rng.integers(len(options)))]


def _article(words: str) -> str:
    return f"{'an' if words[0] in 'aeiou' else 'a'} {words}"
