"""Captions: true of their scenes, complete, and matched with what they are true of."""

import re
from dataclasses import replace

import numpy as np
import pytest

from overpaint.portraits.captions import caption, caption_of_labels, phrase
from overpaint.portraits.labels import HIDDEN, LABELS, claim_row, label_row, truth
from overpaint.portraits.scene import STYLES, VALUES, Scene, sample_scene, visible


def drawn(count):
    rng = np.random.default_rng(5)
    return [sample_scene(rng, style=str(rng.choice(STYLES))) for _ in range(count)]


def phrases(claims, count=40):
    """The sentences that chance finds for these claims."""
    return {phrase(claims, np.random.default_rng(seed)) for seed in range(count)}


def test_captions_claim_only_what_is_true_and_shown():
    rng = np.random.default_rng(6)
    for scene in drawn(200):
        told = caption(scene, rng)
        assert all(getattr(scene, name) == value for name, value in told.claims.items())
        assert set(told.claims) <= {*visible(scene), "style"}
        assert truth(label_row(scene)[None], claim_row(told.claims)[None]).all()


def test_a_label_row_says_as_much_as_its_scene():
    for seed, scene in enumerate(drawn(50)):
        one = caption(scene, np.random.default_rng(seed))
        assert one == caption_of_labels(label_row(scene), np.random.default_rng(seed))


def test_everything_shown_is_claimed_sooner_or_later():
    rng, scene = np.random.default_rng(7), Scene()
    claimed = {name for _ in range(100) for name in caption(scene, rng).claims}
    assert claimed == set(VALUES)


def test_hidden_attributes_are_marked_in_the_row():
    row = dict(zip(LABELS, label_row(Scene(kind="robot", style="neon")), strict=True))
    hidden = {name for name, value in row.items() if value == HIDDEN}
    assert hidden == {"hair", "hair_style", "skin", "facial_hair", "clothing", "background"}
    assert row["kind"] == VALUES["kind"].index("robot")
    assert row["style"] == VALUES["style"].index("neon")


@pytest.mark.parametrize("name", VALUES)
def test_no_sentence_means_two_values(name):
    more = {} if name == "kind" else {"kind": "person"}
    said = [phrases({**more, name: value}) for value in VALUES[name]]
    assert all(said)
    assert len(set.union(*said)) == sum(len(one) for one in said)


def test_values_are_said_in_several_ways():
    for name, values in VALUES.items():
        assert all(len(phrases({name: value})) > 1 for value in values)


def test_every_claim_is_said():
    claims = {"kind": "cat", "hair": "blue", "headwear": "crown", "clothing": "red"}
    for text in phrases(claims | {"eyewear": "sunglasses", "style": "watercolour"}):
        for words in ("cat|kitty", "blue fur", "crown", "red", "dark glasses|sunglasses", "water"):
            assert re.search(words, text), text
    for text in phrases({"kind": "person", "expression": "angry", "skin": "dark"}):
        assert re.search("angry|furious|bared teeth", text), text
        assert not re.search(r"\ba [aeiou]|\ban [^aeiou]|  |[{}]", text), text


def test_the_truth_of_three_claims_of_three_pictures():
    pictures = [
        Scene(hair="red", eyewear="glasses"),
        Scene(hair="red", eyewear="none", style="pencil sketch"),
        Scene(kind="cat", hair="black", eyewear="glasses"),
    ]
    claims = [{"hair": "red"}, {"eyewear": "glasses", "kind": "person"}, {}]
    rows = np.stack([label_row(scene) for scene in pictures])
    told = np.stack([claim_row(claim) for claim in claims])
    expected = [[True, True, True], [False, False, True], [False, False, True]]
    assert truth(rows, told).tolist() == expected  # a sketch does not show the colour of hair


def test_a_style_belongs_to_the_claims():
    scene = Scene(style="clay")
    row, other = (label_row(s)[None] for s in (scene, replace(scene, style="neon")))
    claim = claim_row({"style": "clay"})[None]
    assert truth(row, claim).all()
    assert not truth(other, claim).any()
