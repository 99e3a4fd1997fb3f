"""Texts as a network reads them."""

import pytest

from overpaint.errors import OptionError
from overpaint.models.conditions import stacked
from overpaint.models.zoo import load

READER = load("tiny-text").text


def test_a_row_for_each_text_and_a_vector_for_each_token():
    cond = READER(["a red hat", ""])
    assert cond.text.shape == (2, READER.context, 16)
    assert not cond.text[0].equal(cond.text[1])


def test_case_does_not_matter():
    assert READER(["A Red Hat"]).text.equal(READER(["a red hat"]).text)


def test_spans_are_the_words_of_the_text():
    text = "a person, with RED hair"
    spans = READER.spans(text)
    assert len(spans) == READER.context
    assert spans[0] is None
    covered = "".join(text[start:end] for start, end in filter(None, spans))
    assert covered == text.replace(" ", "")


def test_a_text_beyond_the_context_is_refused():
    with pytest.raises(OptionError, match="tokens, where the model reads 30"):
        READER(["a red hat and " * 12])


def test_rows_are_taken_and_put_together():
    one, two = READER(["a hat"]), READER(["a beard", "a cat"])
    both = stacked([one, two]).rows([2, 0])
    assert both.text[0].equal(two.text[1])
    assert both.text[1].equal(one.text[0])
