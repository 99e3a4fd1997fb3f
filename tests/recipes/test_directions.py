"""Directions between texts and between pictures, and the sentences that texts stand in."""

import hashlib
from types import SimpleNamespace

import pytest
import torch
from torch.nn import functional as F

from overpaint.errors import OptionError
from overpaint.recipes.directions import (
    goal,
    part_directions,
    picture_direction,
    text_direction,
    wordings,
)
from overpaint.recipes.templates import IMAGENET, PART, SMALL, TEMPLATES

# sha256[:16] of the published sentences, sorted, one a line.
PUBLISHED = {
    "imagenet": (79, "00a733af73d61c00"),
    "small": (27, "400b3d692848fdae"),
    "part": (15, "8f6d328ca3f31f6d"),
}


def embed(text):
    """A unit vector of its own for each text."""
    seed = int(hashlib.sha256(text.encode()).hexdigest()[:8], 16)
    return F.normalize(torch.randn(16, generator=torch.Generator().manual_seed(seed)), dim=0)


CLIP = SimpleNamespace(text=lambda texts: torch.stack([embed(text) for text in texts]))


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_sentences_are_the_published_ones(name):
    count, digest = PUBLISHED[name]
    found = sorted(set(TEMPLATES[name]))
    assert len(found) == len(TEMPLATES[name]) == count
    assert hashlib.sha256("\n".join(found).encode()).hexdigest()[:16] == digest


def test_a_text_stands_in_a_sentence_without_its_article_and_alone_as_it_is():
    assert wordings("A tanned face", "none") == ["A tanned face"]
    for text in ("tanned face", "a tanned face", "The tanned face", " an  tanned face"):
        assert wordings(text, "imagenet")[0] == "a bad photo of a tanned face."
    assert wordings("{anteater}", "small")[0] == "a photo of a {anteater}."


def test_the_direction_leads_from_text_to_text_as_far_as_they_lie_apart():
    there, back = text_direction(CLIP, "a face", "red"), text_direction(CLIP, "red", "a face")
    assert torch.equal(there, embed("red") - embed("a face"))
    assert torch.equal(there, -back)


@pytest.mark.parametrize(("name", "sentences"), [("imagenet", IMAGENET), ("small", SMALL)])
def test_with_templates_it_is_the_mean_over_sentences(name, sentences):
    each = [embed(s.format("wolf")) - embed(s.format("dog")) for s in sentences]
    found = text_direction(CLIP, "a dog", "a wolf", name)
    assert torch.allclose(found, torch.stack(each).mean(0), atol=1e-6)


def test_each_part_has_a_direction_of_its_own():
    found = part_directions(CLIP, "a dog", "a wolf")
    each = [embed(s.format("wolf")) - embed(s.format("dog")) for s in PART]
    assert torch.allclose(found, F.normalize(torch.stack(each), dim=1), atol=1e-6)


def test_the_goal_is_the_text_with_an_article_or_the_mean_of_its_sentences():
    assert torch.allclose(goal(CLIP, "wolf"), embed("a wolf"), atol=1e-6)
    assert torch.allclose(goal(CLIP, "the wolf"), embed("a wolf"), atol=1e-6)
    mean = torch.stack([embed(s.format("wolf")) for s in SMALL]).mean(0)
    assert torch.allclose(goal(CLIP, "wolf", "small"), F.normalize(mean, dim=0), atol=1e-6)


@pytest.mark.parametrize("templates", ["none", "imagenet"])
def test_texts_that_mean_the_same_are_refused(templates):
    with pytest.raises(OptionError, match="mean the same"):
        text_direction(CLIP, "a face", "a face", templates)


def test_the_direction_of_pictures_leads_from_mean_to_mean():
    before, after = torch.eye(4)[:2], torch.eye(4)[2:3]
    expected = torch.tensor([-0.5, -0.5, 1.0, 0.0])
    assert torch.equal(picture_direction(before, after), expected)
    with pytest.raises(OptionError, match="look like the pictures"):
        picture_direction(before, before.flip(0))
