"""A model led by a text."""

from dataclasses import replace

import pytest
import torch

from overpaint.core.rng import NoiseStream
from overpaint.errors import OptionError
from overpaint.models.bundle import Calls
from overpaint.models.prompting import apart, guided, guided_in, reader_of, under
from overpaint.models.zoo import load

MODEL = load("tiny-text")
X = NoiseStream((1, 2)).randn((2, 4, 8, 8))
LEVEL = MODEL.schedule.at(600)


def test_guidance_goes_beyond_the_text():
    text, empty = MODEL.text(["a red hat"]), MODEL.text([""])
    told, plain = (under(MODEL, cond)(X, LEVEL).eps for cond in (text, empty))
    assert not torch.allclose(told, plain)
    led = guided(MODEL, text, 7.5)(X, LEVEL).eps
    assert torch.allclose(led, plain + 7.5 * (told - plain), atol=1e-4)


def test_both_texts_take_one_call_and_a_weight_of_nothing_none():
    counted = replace(MODEL, calls=Calls())
    text = MODEL.text(["a red hat"])
    guided(counted, text, 3.0)(X, LEVEL)
    assert counted.calls.count == 1
    alone = guided(counted, text, 1.0)(X, LEVEL)
    assert torch.equal(alone.eps, MODEL(X, LEVEL, text).eps)


def test_without_a_text_the_model_is_asked_under_the_empty_one():
    assert torch.equal(MODEL(X, LEVEL).eps, MODEL(X, LEVEL, MODEL.text([""])).eps)


def test_another_text_may_stand_for_the_empty_one_at_each_level():
    text = MODEL.text(["a red hat"])
    led = guided(MODEL, text, 7.5, lambda level: text)(X, LEVEL)
    assert torch.allclose(led.eps, MODEL(X, LEVEL, text).eps, atol=1e-4)


def test_a_model_without_a_reader_is_named():
    with pytest.raises(OptionError, match="tiny reads no text"):
        reader_of(load("tiny"))


def test_what_the_model_cannot_be_told_is_refused():
    text = MODEL.text(["a hat"])
    with pytest.raises(OptionError, match="reads no text"):
        load("tiny")(X.new_zeros(1, 12, 8, 8), LEVEL, text)
    with pytest.raises(OptionError, match="reads texts"):
        MODEL(X, LEVEL, torch.zeros(2, dtype=torch.int64))


def test_every_part_follows_its_own_text_in_one_call():
    counted = replace(MODEL, calls=Calls())
    one, other = MODEL.text(["a red hat"]), MODEL.text(["a dog"])
    left = torch.zeros(1, 1, 8, 8)
    left[..., :4] = 1
    right = torch.zeros(1, 1, 8, 8)
    right[..., 5:] = 1
    led = guided_in(counted, [(one, left), (other, right)], 7.5)(X, LEVEL).eps
    assert counted.calls.count == 1
    first, second = (guided(MODEL, cond, 7.5)(X, LEVEL).eps for cond in (one, other))
    assert torch.allclose(led[..., :4], first[..., :4], atol=1e-4)
    assert torch.allclose(led[..., 5:], second[..., 5:], atol=1e-4)
    assert torch.allclose(led[..., 4], MODEL(X, LEVEL).eps[..., 4], atol=1e-4)


def test_no_text_is_the_model_itself():
    assert torch.allclose(guided_in(MODEL, [], 7.5)(X, LEVEL).eps, MODEL(X, LEVEL).eps)


@pytest.mark.parametrize("scale", [0.0, 1.0, 100.0])
def test_weights_that_overlap_are_shared(scale):
    text, half = MODEL.text(["a red hat"]), torch.full((1, 1, 8, 8), 0.5)
    both = guided_in(MODEL, [(text, half), (text, half)], scale)(X, LEVEL).eps
    assert torch.allclose(both, guided(MODEL, text, scale)(X, LEVEL).eps, atol=1e-4 * (1 + scale))


def test_texts_are_told_apart_in_one_call():
    counted = replace(MODEL, calls=Calls())
    one, other = MODEL.text(["a red hat"]), MODEL.text([""])
    found = apart(counted, one, other)(X, LEVEL)
    assert counted.calls.count == 1
    there, here = (under(MODEL, cond)(X, LEVEL).eps for cond in (one, other))
    assert torch.allclose(found, there - here, atol=1e-5)


def test_texts_that_say_the_same_are_nowhere_apart():
    counted = replace(MODEL, calls=Calls())
    one, other = MODEL.text(["A red hat"]), MODEL.text(["a red HAT"])
    assert torch.equal(apart(counted, one, other)(X, LEVEL), torch.zeros_like(X))
    assert counted.calls.count == 0


def test_a_model_that_reads_is_named_where_one_is_embedded(monkeypatch):
    monkeypatch.setattr("overpaint.models.prompting.reading", lambda: ["portraits-latent"])
    with pytest.raises(OptionError, match="--mask auto needs a text-to-image") as caught:
        reader_of(load("tiny"), "--mask auto")
    assert caught.value.hint == "Give one that does with -m, such as portraits-latent."
