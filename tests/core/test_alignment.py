"""Tokens of a target text and those of its source: who makes whom."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from overpaint.core.alignment import aligned, refine, same
from overpaint.core.swapping import swap

from ..wordings import spelled

WORDS = ["a", "red", "cat,", "on", "the", "tyrannosaurus", "(hat)"]
TEXTS = st.lists(st.sampled_from(WORDS), max_size=6).map(" ".join)
CONTEXT = 24


def made(found, source, target):
    """For each word or mark of the target, what makes it and by how much."""
    told = {}
    for j in range(1, target.end):
        column = found.mapper[:, j]
        parts = {source.text[slice(*source.spans[i])]: float(column[i]) for i in column.nonzero()}
        told[target.text[slice(*target.spans[j])]] = parts
    return told


def swapped(one, other):
    source, target = spelled(one), spelled(other)
    return made(swap(source, target), source, target)


def test_a_word_takes_the_place_of_another():
    assert swapped("a red hat", "a blue hat") == {
        "a": {"a": 1},
        "blue": {"red": 1},
        "hat": {"hat": 1},
    }


def test_several_words_share_what_one_had():
    found = swapped("a cat on grass", "a big dog on grass")
    assert found["big"] == found["dog"] == {"cat": 0.5}
    assert found["on"] == {"on": 1}


def test_one_word_takes_what_several_had():
    found = swapped("a very big dog sits", "a cat sits")
    assert found["cat"] == {"very": 1, "big": 1, "dog": 1}


def test_words_that_moved_stay_themselves():
    found = swapped("a cat sits on a mat", "today a cat sits on a mat")
    assert found.pop("today") == {}
    assert all(parts == {word: 1} for word, parts in found.items())


def test_what_is_added_has_no_counterpart():
    source, target = spelled("a cat"), spelled("a cat, happy")
    found = swap(source, target)
    assert made(found, source, target) == {"a": {"a": 1}, "cat": {"cat": 1}, ",": {}, "happy": {}}
    assert found.alphas[[1, 2, 3, 4, 5]].tolist() == [1, 1, 0, 0, 1]


def test_a_mark_takes_no_word_s_place():
    assert swapped("a cat, asleep", "a dog")["dog"] == {"cat": 1, "asleep": 1}
    assert swapped("a cat", "a cat, asleep")["asleep"] == {}


def test_case_does_not_make_another_word():
    assert swapped("A Cat", "a cat") == {"a": {"A": 1}, "cat": {"Cat": 1}}


def test_refining_pairs_what_both_texts_have():
    source, target = spelled("a house in the forest"), spelled("a small house in the dark forest")
    found = made(refine(source, target), source, target)
    assert found.pop("small") == found.pop("dark") == {}
    assert all(parts == {word: 1} for word, parts in found.items())


def test_a_part_of_a_longer_word_is_another_token():
    # "saurus" alone is spelled as the last tokens of "tyrannosaurus" are, but goes on to nothing.
    source, target = spelled("a tyrannosaurus"), spelled("a tyranno")
    assert made(refine(source, target), source, target)["tyranno"] == {}


@pytest.mark.parametrize("align", [swap, refine])
@pytest.mark.parametrize("pair", [("a cat", "a big cat here"), ("a big cat here", "a cat")])
def test_ends_make_ends_and_padding_comes_of_padding(align, pair):
    source, target = (spelled(text, CONTEXT) for text in pair)
    found = align(source, target)
    assert found.mapper[:, 0].argmax() == 0
    assert found.mapper[:, target.end].argmax() == source.end
    padding = found.mapper[:, target.end + 1 :]
    assert torch.equal(padding.sum(0), torch.ones(CONTEXT - target.end - 1))
    assert padding[: source.end + 1].sum() == 0
    both = range(max(source.end, target.end) + 1, CONTEXT)
    assert all(found.mapper[j, j] == 1 for j in both)


@settings(deadline=None, max_examples=60)
@given(one=TEXTS, other=TEXTS)
def test_no_attention_of_a_token_is_handed_out_twice_within_the_text(one, other):
    source, target = spelled(one, CONTEXT), spelled(other, CONTEXT)
    for found in (swap(source, target), refine(source, target)):
        text = found.mapper[: source.end + 1, : target.end + 1]
        assert (text.sum(1) <= 1 + 1e-6).all()
        assert torch.equal(found.alphas == 0, found.mapper.sum(0) == 0)


@settings(deadline=None, max_examples=40)
@given(text=TEXTS)
def test_a_text_is_aligned_with_itself_token_by_token(text):
    wording = spelled(text, CONTEXT)
    for found in (swap(wording, wording), refine(wording, wording), same(CONTEXT)):
        assert torch.equal(found.mapper, torch.eye(CONTEXT))
        assert found.alphas.eq(1).all()


@settings(deadline=None, max_examples=40)
@given(xs=st.lists(st.integers(0, 3), max_size=6), ys=st.lists(st.integers(0, 3), max_size=6))
def test_an_alignment_without_costs_of_gaps_is_a_longest_common_subsequence(xs, ys):
    pairs = aligned(xs, ys, lambda x, y: 1 if x == y else -1, gap=0)
    assert [i for i, _ in pairs if i is not None] == list(range(len(xs)))
    assert [j for _, j in pairs if j is not None] == list(range(len(ys)))
    both = [(i, j) for i, j in pairs if i is not None and j is not None]
    assert all(xs[i] == ys[j] for i, j in both)
    assert len(both) == longest(tuple(xs), tuple(ys))


def longest(xs, ys):
    if not xs or not ys:
        return 0
    if xs[-1] == ys[-1]:
        return 1 + longest(xs[:-1], ys[:-1])
    return max(longest(xs[:-1], ys), longest(xs, ys[:-1]))
