"""Words and phrases are found, whatever stands around them."""

import pytest

from overpaint.core.wording import Wording, find, words
from overpaint.errors import OptionError

from ..wordings import spelled

TEXT = "A cat, a Cat-flap and (the cat)"


def said(wording, places):
    return [wording.text[slice(*wording.spans[i])] for i in places]


def test_words_are_what_lies_between_blanks_with_their_bare_letters():
    found = [(TEXT[slice(*word.chunk)], TEXT[slice(*word.bare)]) for word in words(TEXT)]
    assert found[1] == ("cat,", "cat")
    assert found[3] == ("Cat-flap", "Cat-flap")
    assert found[-1] == ("cat)", "cat")
    assert [TEXT[slice(*word.bare)] for word in words("& -")] == ["A", "c"]  # marks alone stay


def test_case_and_punctuation_do_not_matter():
    wording = spelled(TEXT)
    assert said(wording, find(wording, "CAT")) == ["cat", "cat"]
    assert said(wording, find(wording, "the cat")) == ["the", "cat"]
    assert said(wording, find(wording, "cat a cat-flap")) == ["cat", ",", "a", "Cat", "-", "flap"]


def test_punctuation_counts_if_the_phrase_has_it():
    wording = spelled(TEXT)
    assert said(wording, find(wording, "cat,")) == ["cat", ",", "cat"]
    assert said(wording, find(wording, "(the")) == ["(", "the"]


def test_one_of_several_places_can_be_meant():
    wording = spelled("a cat and a cat")
    assert find(wording, "cat") == (2, 5)
    assert find(wording, "cat#1") == (2,)
    assert find(wording, "a cat#2") == (4, 5)
    assert find(wording, 3) == (4,)


def test_what_the_text_holds_as_it_is_is_no_number():
    assert find(spelled("player #2 wins"), "player #2") == (1, 2, 3)
    assert find(spelled("Cat#2 and a cat"), "cat#2") == (1, 2, 3)
    assert find(spelled("player #22 and a player"), "player #2") == (6,)


@pytest.mark.parametrize(
    ("phrase", "places"), [("猫", (3, 7)), ("桌", (5,)), ("猫#2", (7,)), ("只猫", (2, 3))]
)
def test_words_without_blanks_are_found_where_tokens_divide_them(phrase, places):
    text = "一只猫在桌上猫"
    wording = Wording(text, (None, *((i, i + 1) for i in range(len(text))), None))
    assert find(wording, phrase) == places


def test_part_of_a_word_is_no_word_and_part_of_a_token_none_either():
    wording = spelled("a tyrannosaurus")  # tyranno, sau and rus are tokens
    for part in ("tyranno", "rus", "saurus"):
        with pytest.raises(OptionError, match="does not hold"):
            find(wording, part)
    with pytest.raises(OptionError, match="does not hold"):
        find(Wording("一只猫", (None, (0, 3), None)), "猫")


def test_tokens_of_one_word_go_together():
    wording = spelled("a tyrannosaurus there")
    assert find(wording, "tyrannosaurus") == (2, 3, 4)


@pytest.mark.parametrize(
    ("phrase", "message"),
    [
        ("dog", "does not hold 'dog'\nits words are A, cat, Cat-flap, and, the\nName a word"),
        ("cat flap", "does not hold 'cat flap'"),
        ("", "does not hold ''"),
        ("cat#3", "does not hold 'cat#3'\nit holds 'cat' 2 times"),
        (7, "has 7 words\nthere is no word 7"),
        (-1, "there is no word -1"),
    ],
)
def test_what_is_missing_is_named_with_the_words_there_are(phrase, message):
    with pytest.raises(OptionError, match=message):
        find(spelled(TEXT), phrase)


def test_an_empty_text_holds_nothing_but_its_ends():
    wording = Wording("", (None,) * 5)
    assert wording.end == 1
    with pytest.raises(OptionError, match="it is empty"):
        find(wording, "cat")
