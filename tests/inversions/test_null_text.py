"""Texts that stand for the empty one: fitted, or the source's own."""

from dataclasses import replace
from itertools import pairwise

import pytest
import torch

from overpaint.core.solvers import ddim as step
from overpaint.core.solvers import last
from overpaint.errors import OptionError
from overpaint.inversions.fixed_point import fixed_point
from overpaint.inversions.negative_prompt import between, negative_prompt
from overpaint.inversions.null_text import null_text
from overpaint.inversions.pivotal import pivotal
from overpaint.inversions.source import Source
from overpaint.inversions.trajectory import replay

from ..gaussian import Told
from .worlds import EMPTY, LEVELS, PATTERNS, TEXT, X0, drawn, world

MOVES = len(LEVELS) - 1


def left(source, found, x0=X0):
    """Root mean square error of the guided replay, for each picture."""
    error = last(replay(found, source.along(found))) - x0
    return error.square().flatten(1).mean(1).sqrt()


def test_fitted_texts_keep_the_picture_where_the_empty_one_does_not():
    source = world()
    found = null_text(source, X0, LEVELS)
    plain = replace(found, empties={})
    assert (left(source, found) < 0.05 * left(source, plain)).all()
    assert (left(source, found) < 0.3 * left(source, negative_prompt(source, X0, LEVELS))).all()


def test_no_fit_is_worse_than_the_pictures_own_text():
    """At every level, from wherever the levels above have led."""
    source = world()
    found = null_text(source, X0, LEVELS)
    x, guided = found.noise, source.along(found)
    for here, there in pairwise(LEVELS):
        own = step(x, source.denoise(x, here), here, there)
        x = step(x, guided(x, here), here, there)
        target = found.states[there]
        lost, would = ((y - target).square().flatten(1).mean(1) for y in (x, own))
        assert (lost <= would * (1 + 1e-5) + 1e-9).all()
    assert found.residual == pytest.approx(float(lost.max().sqrt()), rel=0.5)


def test_more_steps_leave_less():
    errors = [float(left(s := world(), null_text(s, X0, LEVELS, steps=n)).max()) for n in (0, 1, 9)]
    assert errors == sorted(errors, reverse=True)
    assert errors[2] < 0.7 * errors[0]


def test_the_fit_costs_less_than_the_published_one_and_leaves_less():
    ours, theirs = world(Told(PATTERNS)), world(Told(PATTERNS))
    found, published = null_text(ours, X0, LEVELS), pivotal(theirs, X0, LEVELS)
    assert len(ours.model.asked) <= len(theirs.model.asked) / 3
    assert (left(ours, found) < left(theirs, published)).all()


def test_without_guidance_nothing_is_fitted():
    for invert, calls in ((null_text, MOVES + 1), (pivotal, MOVES)):
        source = world(Told(PATTERNS), scale=1)
        found = invert(source, X0, LEVELS)
        assert len(source.model.asked) == calls
        assert not found.empties


def test_a_bound_that_is_kept_costs_a_call_a_level_and_no_gradient():
    source = world(Told(PATTERNS))
    found = null_text(source, X0, LEVELS, bound=1.0)
    assert len(source.model.asked) == (MOVES + 1) + MOVES
    assert all(cond is found.empties[LEVELS[0]] for cond in found.empties.values())
    assert torch.equal(found.empties[LEVELS[0]].text, TEXT.text)


def test_each_picture_is_fitted_as_far_as_it_needs():
    """The second one is just what its text says, so that its path is straight."""
    mean = torch.einsum("k,kchw->chw", TEXT.text[1].mean(0), PATTERNS)
    source, x0 = world(), torch.stack([X0[0], mean])
    found = null_text(source, x0, LEVELS)
    fitted = [(cond.text != TEXT.text).flatten(1).any(1) for cond in found.empties.values()]
    assert torch.stack(fitted).any(0).tolist() == [True, False]
    alone = null_text(world(rows=(0,)), x0[:1], LEVELS)
    for level, cond in alone.empties.items():
        torch.testing.assert_close(found.empties[level].text[:1], cond.text, rtol=1e-3, atol=1e-4)


def test_the_pivot_is_that_of_the_fixed_point():
    source = world()
    found = null_text(source, X0, LEVELS)
    pivot = fixed_point(source.denoise, X0, LEVELS, iterations=1)
    assert torch.equal(found.noise, pivot.noise)


def test_the_numbers_of_a_whole_text_stay_with_it():
    """Networks that take a pooled vector too are told the source's, as the fit begins there."""
    seen = []

    def model(x, level, cond):
        seen.append(cond.pooled)
        return Told(PATTERNS)(x, level, cond)

    text, empty = (replace(cond, pooled=drawn(len(cond), 2)) for cond in (TEXT, EMPTY))
    found = null_text(Source(model, None, text, empty, 7.5), X0, LEVELS)
    assert all(torch.equal(cond.pooled, text.pooled) for cond in found.empties.values())
    assert all(pooled is not None for pooled in seen)


def test_the_source_text_in_place_of_the_empty_one_takes_guidance_away():
    source = world()
    found = negative_prompt(source, X0, LEVELS)
    x = drawn(2, 3, 4, 4)
    for level in LEVELS[:-1]:
        led, plain = source.along(found)(x, level), source.denoise(x, level)
        torch.testing.assert_close(led.eps, plain.eps, rtol=1e-4, atol=1e-4)
    unled = last(replay(found, source.denoise))
    torch.testing.assert_close(last(replay(found, source.along(found))), unled, rtol=0, atol=1e-3)


def test_a_share_leads_from_the_source_text_to_the_empty_one():
    for share, end in ((0.0, TEXT.text), (1.0, EMPTY.text.expand_as(TEXT.text))):
        torch.testing.assert_close(between(TEXT, EMPTY, share).text, end)
    half = between(TEXT, EMPTY, 0.5).text.flatten(1)
    cosine = torch.nn.functional.cosine_similarity
    ends = [cosine(half, end.flatten(1)) for end in (TEXT.text, EMPTY.text)]
    assert all((end > cosine(TEXT.text.flatten(1), EMPTY.text.flatten(1))).all() for end in ends)
    torch.testing.assert_close(between(TEXT, TEXT, 0.5).text, TEXT.text)
    given = negative_prompt(world(), X0, LEVELS, share=0.3).empties[LEVELS[0]]
    torch.testing.assert_close(given.text, between(TEXT, EMPTY, 0.3).text)


def test_a_model_that_reads_nothing_has_no_negative_prompt():
    with pytest.raises(OptionError, match="reads text"):
        negative_prompt(replace(world(), text=None), X0, LEVELS)
