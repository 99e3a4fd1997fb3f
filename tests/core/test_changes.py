"""Which words differ."""

import pytest

from overpaint.core.changes import changed, restyled

from ..wordings import spelled


def said(text, tokens):
    return "".join(text.text[slice(*text.spans[i])] for i in tokens)


@pytest.mark.parametrize(
    ("source", "target", "gone", "new"),
    [
        ("a person with red hair", "a person with black hair", "redhair", "blackhair"),
        ("a person", "a person with a top hat", "", "tophat"),
        ("a person in a hat, smiling", "a Person in a crown, smiling", "hat", "crown"),
        ("a cat on a red background", "a cat in a red background", "on", "in"),
        ("a cat", "a cat", "", ""),
        ("a red wall, a hat", "a blue wall, a hat", "redwall", "bluewall"),
        ("a photo of a cat", "a sketch of a dog", "photocat", "sketchdog"),
    ],
)
def test_words_that_differ_are_told_and_those_that_only_join_are_not(source, target, gone, new):
    texts = spelled(source), spelled(target)
    found = changed(*texts)
    assert [said(t, tokens) for t, tokens in zip(texts, found, strict=True)] == [gone, new]


@pytest.mark.parametrize(
    ("target", "weighted", "gone", "new"),
    [
        ("a cat with a hat", "cat", "cat", "cat"),
        ("a cat with a crown", "cat", "cathat", "catcrown"),
        ("a cat with a hat", "a hat", "hat", "hat"),
        ("a cat with a hat", "with", "with", "with"),
        ("a cat with a red hat", "red hat", "hat", "redhat"),
    ],
)
def test_words_that_are_weighted_count_in_both_texts(target, weighted, gone, new):
    texts, start = (spelled("a cat with a hat"), spelled(target)), target.index(weighted)
    found = changed(*texts, [(start, start + len(weighted))])
    assert [said(t, tokens) for t, tokens in zip(texts, found, strict=True)] == [gone, new]


@pytest.mark.parametrize(
    ("source", "target", "all_of_it"),
    [
        ("a photo of a cat", "a pencil sketch of a cat", True),
        ("a photo of a robot in a hat", "a zombie robot in a hat", True),
        ("a cat", "a cat, watercolour", True),
        ("a photo of a cat", "a photo of a dog", False),
        ("a photo of a cat", "photo of a cat with a hat", False),
        ("a cat", "a dog", False),
    ],
)
def test_another_kind_of_picture_is_told_by_its_word(source, target, all_of_it):
    assert restyled(spelled(source), spelled(target)) == all_of_it
