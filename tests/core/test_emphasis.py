"""Weights typed in a prompt, and the windows of words."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from overpaint.core.emphasis import Typed, equalizer, typed, window, windows
from overpaint.errors import OptionError

from ..wordings import spelled


def weights(prompt):
    found = typed(prompt)
    return found.text, {found.text[slice(*span)]: weight for span, weight in found.weights}


def test_weights_are_typed_behind_a_colon():
    text, found = weights("a person with (red hair:1.5), a ( hat :-2) and (a beard: 0)")
    assert text == "a person with red hair, a hat and a beard"
    assert found == {"red hair": 1.5, "hat": -2.0, "a beard": 0.0}


def test_escaped_letters_are_themselves():
    text, found = weights(r"\(plain:2\) (ratio 4\:3:1.5) (16:9:2) a\\b c\d :-)"[:-3])
    assert text.startswith(r"(plain:2) ratio 4:3 16:9 a\b c\d")
    assert found == {"ratio 4:3": 1.5, "16:9": 2.0}


@settings(deadline=None, max_examples=100)
@given(text=st.text(max_size=20))
def test_any_text_can_be_escaped(text):
    escaped = "".join(f"\\{letter}" if letter in "():\\" else letter for letter in text)
    assert typed(escaped).text == text
    assert typed(escaped).weights == ()


@pytest.mark.parametrize(
    "text", ["a cat (smiling)", "a (red hat", "a red) hat", "a :) cat", "()", "((a))", "((a)"]
)
def test_parentheses_without_a_weight_are_text(text):
    assert typed(text).text == text


def test_weights_after_plain_parentheses_are_found():
    found = typed("a (big) (red:2) hat")
    assert found == Typed("a (big) red hat", (((8, 11), 2.0),))


def test_plain_parentheses_lie_around_and_in_weights():
    assert typed("(a (red:2) hat)") == Typed("(a red hat)", (((3, 6), 2.0),))
    assert typed("a ((red):2) hat") == Typed("a (red) hat", (((2, 7), 2.0),))


@pytest.mark.parametrize(
    ("prompt", "message"),
    [
        ("a (red: hat", "leaves a parenthesis open"),
        ("a ((red:2) hat:3)", "a weight in another"),
        ("a (big (red:2 hat", "leaves a parenthesis open"),
        ("a (red:much)", r"\(red:much\) is no weighted phrase"),
        ("a (:2)", r"\(:2\) is no weighted phrase"),
        ("a (red:nan)", r"the weight in \[-20, 20\]"),
        ("a (red:1e9)", r"the weight in \[-20, 20\]"),
    ],
)
def test_what_is_malformed_is_shown(prompt, message):
    with pytest.raises(OptionError, match=message):
        typed(prompt)


def test_typed_weights_reach_the_tokens_of_their_phrase_alone():
    found = typed("red hair and (red hair:2)")
    wording = spelled(found.text, 8)
    assert equalizer(wording, found.weights).tolist() == [1, 1, 1, 1, 2, 2, 1, 1]


def test_weights_by_name_reach_every_place_and_the_last_one_holds():
    wording = spelled("a cat and a cat", 8)
    assert equalizer(wording, [("cat", 2), ("cat#2", -1)]).tolist() == [1, 1, 2, 1, 1, -1, 1, 1]


def test_windows_are_the_default_s_but_for_the_words_named():
    found = windows(spelled("a cat", 5), 0.8, {"cat": (0.2, 0.5)})
    expected = [[0, 0.8], [0, 0.8], [0.2, 0.5], [0, 0.8], [0, 0.8]]
    assert torch.equal(found, torch.tensor(expected, dtype=torch.float64))
    assert torch.equal(windows(spelled("a", 3)), torch.tensor([[0.0, 1.0]] * 3).double())


@pytest.mark.parametrize("given", [1.1, -0.1, (0.0, float("nan"))])
def test_a_window_lies_on_the_path(given):
    with pytest.raises(OptionError, match="must be in"):
        window(given)


def test_a_window_ends_after_it_begins_and_the_word_is_named():
    with pytest.raises(OptionError, match="the window of 'cat' ends before it begins"):
        windows(spelled("a cat", 5), 0.8, {"cat": (0.5, 0.4)})
