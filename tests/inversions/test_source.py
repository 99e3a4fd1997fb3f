"""What an inversion is given to ask."""

from dataclasses import replace

import pytest
import torch

from overpaint.core.rng import NoiseStream
from overpaint.errors import OptionError
from overpaint.inversions.registry import INVERSIONS
from overpaint.inversions.source import source_of
from overpaint.inversions.trajectory import Key
from overpaint.models.bundle import Calls
from overpaint.models.prompting import guided, under
from overpaint.models.zoo import load

from .worlds import LEVELS, TEXT, X0, drawn, world

MODEL = load("tiny-text")
RNG = NoiseStream([0, 1])
X = drawn(2, 4, 8, 8)
LEVEL = MODEL.schedule.at(600)


def test_a_source_is_its_model_under_its_texts_and_guidance():
    source, texts = source_of(MODEL, ["a dog", "a cat"], scale=3.0, rng=RNG), ["a dog", "a cat"]
    told = MODEL.text(texts)
    assert torch.equal(source.denoise(X, LEVEL).eps, under(MODEL, told)(X, LEVEL).eps)
    assert torch.equal(source.guided()(X, LEVEL).eps, guided(MODEL, told, 3.0)(X, LEVEL).eps)
    other = MODEL.text(["a hat"])
    wanted = guided(MODEL, told, 3.0, other)(X, LEVEL).eps
    assert torch.equal(source.guided(lambda level: other)(X, LEVEL).eps, wanted)
    assert source.key == Key(MODEL.hash, ("a dog", "a cat"), 3.0, "float32")


@pytest.mark.parametrize("blank", ["", " "])
def test_without_words_nothing_is_guided(blank):
    calls = Calls()
    source = source_of(replace(MODEL, calls=calls), [blank], scale=7.5, rng=RNG)
    assert source.scale == 1
    assert torch.equal(source.guided()(X, LEVEL).eps, MODEL(X, LEVEL).eps)
    assert calls.rows == 2 + 0


def test_a_model_that_reads_none_is_itself_and_refuses_texts():
    model = load("tiny")
    source = source_of(model, rng=RNG)
    x = drawn(2, 12, 8, 8)
    for denoise in (source.denoise, source.guided()):
        assert torch.equal(denoise(x, LEVEL).eps, model(x, LEVEL).eps)
    with pytest.raises(OptionError, match="reads no text"):
        source_of(model, ["a dog"], rng=RNG)


@pytest.mark.parametrize("texts", [["a dog"], ["a dog", "a cat"]])
def test_several_levels_are_asked_as_each_would_be(texts):
    source = source_of(MODEL, texts, scale=3.0, rng=RNG)
    levels = MODEL.schedule.path([900, 500, 100])
    states = [drawn(2, 4, 8, 8, seed=k) for k in range(3)]
    found = source.guided_at(torch.cat(states), levels)
    alone = [source.guided()(x, level) for x, level in zip(states, levels, strict=True)]
    torch.testing.assert_close(found.eps, torch.cat([p.eps for p in alone]), rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(found.x0, torch.cat([p.x0 for p in alone]), rtol=1e-3, atol=1e-3)


def test_rows_of_a_trajectory_are_those_of_all_that_it_holds():
    for inversion in INVERSIONS.values():
        found = inversion.invert(world(), X0, LEVELS)
        swapped = found.rows([1, 0, 1])
        assert torch.equal(swapped.noise, found.noise[[1, 0, 1]])
        assert torch.equal(swapped.picture, X0[[1, 0, 1]])
        if found.pair is not None:
            assert torch.equal(swapped.pair, found.pair[:, [1, 0, 1]])
        for level, noise in found.noises.items():
            assert torch.equal(swapped.noises[level], noise[[1, 0, 1]])
        for level, cond in found.empties.items():
            assert torch.equal(swapped.empties[level].text, cond.text[[1, 0, 1]])


def test_a_level_without_a_text_of_its_own_has_the_empty_one():
    found = INVERSIONS["negative-prompt"].invert(world(), X0, LEVELS[4:])
    assert found.empty_at(LEVELS[4], TEXT.rows([0])) is found.empties[LEVELS[4]]
    own = TEXT.rows([0])
    assert found.empty_at(LEVELS[0], own) is own
