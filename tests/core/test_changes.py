"""Which words differ."""

import pytest

from overpaint.core.changes import changed

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
