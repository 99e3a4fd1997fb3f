"""Which words of a caption make which claim, and where in the picture it shows."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import groupby

import numpy as np

from overpaint.portraits.labels import Claims
from overpaint.portraits.render import MASKS, masks
from overpaint.portraits.scene import Scene
from overpaint.portraits.words import ADJECTIVES, HAIR_STYLES, HAIR_WORDS, NOUNS, PHRASES

FURRY = ("cat", "bear")
HEAD = tuple(name for name in MASKS if name not in ("background", "clothing"))
PLACES: Mapping[str, tuple[str, ...]] = {
    "kind": HEAD,
    "hair": ("hair",),
    "skin": ("skin",),
    "expression": ("mouth", "eyes", "brows"),
    "eyewear": ("eyewear",),
    "facial_hair": ("facial_hair",),
    "headwear": ("headwear",),
    "clothing": ("clothing",),
    "background": ("background",),
}
"""The parts of a picture that a claim is about; those on style are about all of it."""


def spoken(text: str, claims: Claims) -> dict[str, slice]:
    """The characters of a caption that make each claim of `PLACES`; hair is said with its style."""
    found = {}
    for name in PLACES:
        told = [each for each in _ways(name, claims) if each in text]
        if told:
            longest = max(told, key=len)
            found[name] = slice(start := text.index(longest), start + len(longest))
    return found


def _ways(name: str, claims: Claims) -> list[str]:
    """How a claim can be said."""
    if name == "hair":
        return _hairs(claims)
    if name not in claims:
        return []
    value = claims[name]
    if name == "kind":
        return [noun.removeprefix("a ") for noun in NOUNS[value]]
    return [*PHRASES[name].get(value, ()), *ADJECTIVES.get(name, {}).get(value, ())]


def _hairs(claims: Claims) -> list[str]:
    colour, style = claims.get("hair"), claims.get("hair_style")
    colours = [f"{word} " for word in HAIR_WORDS.get(colour, (colour,))] if colour else [""]
    if style:
        return [way.format(word) for way in HAIR_STYLES[style] for word in colours]
    return [f"with {word}{what}" for word in colours for what in ("hair", "fur") if word]


def places(drawn: list[Scene], size: int) -> np.ndarray:
    """(N, len(PLACES), size, size) uint8: how far each cell is covered by what a claim is about."""
    found = []
    for look, same in groupby(drawn, lambda scene: replace(scene, style="photo")):
        found += [_placed(look, size)] * len(list(same))
    return np.stack(found)


def _placed(scene: Scene, size: int) -> np.ndarray:
    cover = masks(scene, size, samples=4)
    parts = {**PLACES, "hair": ("skin", "hair")} if scene.kind in FURRY else PLACES
    return np.stack([sum(cover[part] for part in each) for each in parts.values()])
