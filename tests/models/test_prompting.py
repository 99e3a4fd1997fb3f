"""A model led by a text."""

from dataclasses import replace

import pytest
import torch

from overpaint.core.rng import NoiseStream
from overpaint.errors import OptionError
from overpaint.models.bundle import Calls
from overpaint.models.prompting import guided, reader_of, under
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
