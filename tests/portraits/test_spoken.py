"""Which words make which claim, and where it shows."""

import numpy as np
import pytest

from overpaint.portraits.captions import caption
from overpaint.portraits.dataset import scenes
from overpaint.portraits.render import masks
from overpaint.portraits.spoken import HEAD, PLACES, places, spoken
from overpaint.portraits.words import ADJECTIVES, HAIR_WORDS, PHRASES

SCENES = scenes("restyled", 3, 0)[:200]


def test_every_claim_but_style_is_found_in_its_caption():
    rng, seen = np.random.default_rng(0), set()
    for scene in SCENES:
        told = caption(scene, rng)
        found = spoken(told.text, told.claims)
        wanted = {"hair" if name == "hair_style" else name for name in told.claims} - {"style"}
        if scene.style == "zombie":
            wanted -= {"kind"}  # "a zombie" says both
        assert wanted <= set(found)
        seen |= set(found)
    assert seen == set(PLACES)


def test_words_are_those_of_the_value():
    claims = {"kind": "cat", "hair": "white", "headwear": "top hat", "background": "blue"}
    text = "a photo of a kitty in front of a blue wall with grey fur wearing a top hat"
    found = {name: text[part] for name, part in spoken(text, claims).items()}
    assert found == {
        "kind": "kitty",
        "hair": "with grey fur",
        "headwear": "wearing a top hat",
        "background": "in front of a blue wall",
    }


def test_colour_and_style_of_hair_are_said_together():
    text = "a human with short ginger hair"
    found = spoken(text, {"kind": "person", "hair": "red", "hair_style": "short"})
    assert text[found["hair"]] == "with short ginger hair"
    bald = "a person who is bald"
    assert bald[spoken(bald, {"kind": "person", "hair_style": "bald"})["hair"]] == "who is bald"


@pytest.mark.parametrize("name", sorted(set(PLACES) - {"kind", "hair"}))
def test_every_way_to_say_a_value_is_found(name):
    for value, ways in {**PHRASES[name]}.items():
        for way in (*ways, *ADJECTIVES.get(name, {}).get(value, ())):
            text = f"a person {way}"
            assert text[spoken(text, {name: value})[name]] == way
    assert HAIR_WORDS


def test_places_are_where_the_parts_are():
    drawn = SCENES[:6]
    found = places(drawn, 16)
    assert found.shape == (6, len(PLACES), 16, 16)
    for scene, each in zip(drawn, found, strict=True):
        cover = masks(scene, 16, samples=4)
        shown = dict(zip(PLACES, each, strict=True))
        assert np.array_equal(shown["background"], cover["background"])
        assert np.array_equal(shown["kind"], sum(cover[name] for name in HEAD))
        furry = scene.kind in ("cat", "bear")
        assert np.array_equal(shown["hair"], cover["hair"] + (cover["skin"] if furry else 0))
