"""Scenes: what may be asked of one, what a picture of it shows, what chance and change leave."""

from dataclasses import replace

import numpy as np
import pytest

from overpaint.errors import OptionError
from overpaint.portraits import layout
from overpaint.portraits.scene import (
    ATTRIBUTES,
    IDENTITY,
    NUISANCES,
    STYLES,
    Scene,
    counterfactual,
    sample_scene,
    scene_vector,
    visible,
    with_nuisances,
)

COLOURS = {"hair", "skin", "clothing", "background"}


@pytest.fixture(scope="module")
def drawn():
    rng = np.random.default_rng(0)
    return [sample_scene(rng) for _ in range(400)]


@pytest.mark.parametrize(
    ("ask", "hint"),
    [
        (lambda: Scene(hair="green"), "Use black, brown, blond"),
        (lambda: Scene(style="cubist"), "Use photo, pencil sketch"),
        (lambda: counterfactual(Scene(), headwear="fez"), "Use none, cap"),
        (lambda: counterfactual(Scene(), hat="cap"), "headwear"),
        (lambda: counterfactual(Scene(), nuisances=()), "Use kind, hair"),
    ],
)
def test_what_no_portrait_can_have_is_refused_with_what_it_can(ask, hint):
    with pytest.raises(OptionError, match=hint):
        ask()


def test_a_scene_of_too_few_nuisances_is_refused():
    with pytest.raises(OptionError, match=f"{len(NUISANCES)} nuisances, not 1"):
        Scene(nuisances=(0.0,))


def test_a_counterfactual_changes_only_what_is_asked(drawn):
    other = counterfactual(drawn[0], hair="red", style="neon")
    assert (other.hair, other.style) == ("red", "neon")
    assert replace(other, hair=drawn[0].hair, style=drawn[0].style) == drawn[0]


def test_every_value_is_drawn_and_every_nuisance_in_its_range(drawn):
    for name, allowed in ATTRIBUTES.items():
        assert {getattr(scene, name) for scene in drawn} == set(allowed)
    numbers = np.array([scene.nuisances for scene in drawn])
    low, high = np.array(list(NUISANCES.values())).T
    assert ((numbers >= low) & (numbers <= high)).all()
    assert (np.ptp(numbers, axis=0) > 0.9 * (high - low)).all()


def test_what_a_kind_cannot_show_is_at_rest(drawn):
    for scene in drawn:
        if scene.kind != "person":
            assert (scene.hair_style, scene.facial_hair) == ("bald", "none")
        if scene.hair_style in ("mohawk", "bun"):
            assert scene.headwear == "none"


def test_new_nuisances_keep_those_that_are_named(drawn):
    other = with_nuisances(drawn[0], np.random.default_rng(1), keep=IDENTITY)
    same = {name for name in NUISANCES if other.nuisance(name) == drawn[0].nuisance(name)}
    assert same == set(IDENTITY)


@pytest.mark.parametrize(
    ("scene", "hidden"),
    [
        (Scene(), set()),
        (Scene(style="pencil sketch"), COLOURS),
        (Scene(style="bronze statue"), COLOURS),
        (Scene(style="zombie"), {"skin"}),
        (Scene(hair_style="bald"), {"hair"}),
        (Scene(hair_style="bun", headwear="cap"), {"hair", "hair_style"}),
        (Scene(hair_style="short", headwear="crown"), {"hair", "hair_style"}),
        (Scene(hair_style="long", headwear="beanie"), set()),
        (Scene(hair_style="bald", headwear="top hat"), {"hair", "hair_style"}),
        (Scene(kind="cat"), {"hair_style", "facial_hair", "skin"}),
        (Scene(kind="bear", style="zombie"), {"hair", "hair_style", "facial_hair", "skin"}),
        (Scene(kind="robot"), {"hair", "hair_style", "facial_hair", "skin"}),
    ],
)
def test_what_a_picture_does_not_show(scene, hidden):
    assert set(ATTRIBUTES) - set(visible(scene)) == hidden


def test_the_renderer_finds_each_number_where_it_looks():
    scene = Scene(hair="red", headwear="crown", background="purple", style="clay")
    vector = scene_vector(scene)
    assert vector[layout.HAIR_COLOUR] == ATTRIBUTES["hair"].index("red")
    assert vector[layout.HEADWEAR] == ATTRIBUTES["headwear"].index("crown")
    assert vector[layout.BACKDROP] == ATTRIBUTES["background"].index("purple")
    assert vector[layout.STYLE] == STYLES.index("clay")
    assert vector[layout.YAW] == scene.nuisance("yaw")
    assert vector[layout.TEXTURE] == scene.nuisance("texture")
