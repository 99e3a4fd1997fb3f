"""Networks under control: the plan is what edited maps would give."""

from dataclasses import replace

import pytest
import torch

from overpaint.core.alignment import refine, same
from overpaint.core.attention import AttentionPlan, Borrowing
from overpaint.core.emphasis import equalizer, typed, windows
from overpaint.core.heat import Heat, indicator
from overpaint.core.local_blend import LocalBlend
from overpaint.core.solvers import last, solve
from overpaint.core.swapping import swap
from overpaint.core.wording import Wording, find
from overpaint.models.attending import controlled, factors
from overpaint.models.pinning import guided_beside
from overpaint.models.prompting import guided

from ..planned import (
    CONFIGS,
    LEVELS,
    MODELS,
    PLANS,
    SOURCE,
    STATE,
    TARGET,
    TINY,
    WEIGHTS,
    L,
    batch,
    materialised,
    network,
    plan,
    under,
)


@pytest.mark.parametrize("name", PLANS)
@pytest.mark.parametrize("which", CONFIGS)
def test_the_plan_is_what_edited_maps_give(which, name):
    model, plan = MODELS[which], PLANS[name]
    x, cond = batch(2 * len(plan.rows))  # the first half is under another text: left alone
    plain = model(x, LEVELS[0], cond)
    for level in (LEVELS[0], LEVELS[6]):
        found = under(model, plan, x, level, cond).eps
        expected, _ = materialised(model, plan, x, level, cond)
        assert torch.allclose(found, expected.eps, atol=1e-5, rtol=1e-5)
    found = under(model, plan, x, LEVELS[0], cond)
    changed = (found.eps - plain.eps).abs().amax(dim=(1, 2, 3))
    borrowing = [False] * len(plan.rows) + [row is not None for row in plan.rows]
    assert [bool(each > 1e-3) for each in changed] == borrowing
    assert changed[: len(plan.rows)].max() <= 1e-6


@pytest.mark.parametrize("name", PLANS)
@pytest.mark.parametrize("which", CONFIGS)
def test_heat_is_that_of_the_edited_maps_without_weights(which, name):
    model, plan = MODELS[which], PLANS[name]
    x, cond = batch(len(plan.rows) + 1)
    words = torch.zeros(len(plan.rows), L, 3)
    words[:, 1:3, 0] = words[:, 5, 1] = words[0, 2, 2] = 1
    for factor in factors(model):
        heat, grid = Heat(words, factor), tuple(-(-side // factor) for side in STATE)
        under(model, plan, x, LEVELS[0], cond, heat)
        _, maps = materialised(model, plan, x, LEVELS[0], cond)
        looked = [m[1:].mean(1) @ words for m in maps if m.shape[2] == grid[0] * grid[1]]
        assert heat.count == len(looked) > 0
        expected = torch.stack(looked).sum(0).mT.unflatten(2, grid)
        assert torch.allclose(heat.total, expected, atol=1e-5)


def test_heat_alone_changes_nothing():
    model, (x, cond) = MODELS["1"], batch(2)
    heat = Heat(torch.ones(2, L, 1), 1)
    found = under(model, None, x, LEVELS[0], cond, heat)
    assert torch.allclose(found.eps, model(x, LEVELS[0], cond).eps, atol=1e-6)
    assert torch.allclose(heat.mean, torch.ones(()), atol=1e-5)  # all tokens have all attention


def test_what_a_plan_does_not_change_is_exact():
    model, (x, cond) = MODELS["xl"], batch(2)
    never = Borrowing(0, swap(SOURCE, TARGET), WEIGHTS, windows(TARGET, 0.0))
    ones = Borrowing(1, same(L), torch.ones(L))
    for row in (None, never, ones):
        found = under(model, plan(None, row), x, LEVELS[0], cond)
        assert torch.equal(found.eps, model(x, LEVELS[0], cond).eps)
    with controlled(model, PLANS["swap"]):  # the model itself attends as ever
        assert torch.equal(model(x, LEVELS[0], cond).eps, found.eps)


@pytest.mark.parametrize("which", CONFIGS)
def test_the_same_text_makes_the_same_picture(which):
    model, (x, cond) = MODELS[which], batch(1)
    rows, x = cond.rows([0, 0]), x.repeat(2, 1, 1, 1)
    words = torch.zeros(2, L, 1)
    words[:, 2] = 1
    heat = Heat(words, max(factors(model)))
    itself = plan(None, Borrowing(0, refine(SOURCE, SOURCE), torch.ones(L), selves=(0.0, 0.5)))
    blend = LocalBlend(heat, [0, 0], LEVELS)
    empty = batch(2)[1].rows([0])
    few = LEVELS[::3]
    with controlled(model, itself, heat) as shared:
        denoise = guided_beside(empty, shared, rows, 3.0, sources=0)
        found = last(solve(denoise, x, few, after=blend))
    alone = last(solve(guided(model, rows.rows([0]), 3.0, empty), x[:1], few))
    assert torch.allclose(found[0], found[1], atol=1e-5)
    assert torch.allclose(found[:1], alone, atol=1e-3 * alone.abs().max())


def test_networks_that_stand_in_with_other_weights_are_controlled_too():
    other = network("1")
    weights = {name: 0.9 * weight for name, weight in other.net.named_parameters()}
    tuned, (x, cond) = replace(other, weights=weights), batch(2)
    found = under(tuned, PLANS["mixture"], x, LEVELS[0], cond)
    for name, weight in other.net.named_parameters():
        weight.copy_(weights[name])
    expected = under(other, PLANS["mixture"], x, LEVELS[0], cond)
    assert torch.equal(found.eps, expected.eps)


@pytest.mark.parametrize("which", CONFIGS)
def test_half_precision_says_nearly_the_same(which):
    model, (x, cond) = MODELS[which], batch(2)
    half = replace(model, dtype=torch.bfloat16)
    words = torch.zeros(2, L, 1)
    words[:, 1] = 1
    exact, rough = Heat(words, max(factors(model))), Heat(words, max(factors(model)))
    found = under(half, PLANS["mixture"], x, LEVELS[0], cond, rough).eps
    expected = under(model, PLANS["mixture"], x, LEVELS[0], cond, exact).eps
    assert (found - expected).square().mean().sqrt() < 0.03 * expected.square().mean().sqrt()
    assert torch.allclose(rough.total, exact.total, atol=0.02)
    assert rough.total.dtype == torch.float32


def test_a_method_is_a_few_lines_over_these():
    told = [typed("a person, with red hair"), typed("a person, with (Blue hair:2)")]
    source, target = (Wording(t.text, tuple(TINY.text.spans(t.text))) for t in told)
    swapped, weights = swap(source, target), equalizer(target, told[1].weights)
    (red,), (blue,), hair = find(source, "red"), find(target, "blue"), find(target, "hair")
    assert swapped.mapper[red, blue] == 1
    assert weights[[blue, *hair]].eq(2).all()
    levels, x = LEVELS[::3], batch(1)[0].repeat(2, 1, 1, 1)
    plan = AttentionPlan(levels, [None, Borrowing(0, swapped, weights, selves=(0.0, 0.5))])
    heat = Heat(indicator([(source, [["red hair"]]), (target, [["blue hair"]])]), 2)
    blend = LocalBlend(heat, [0, 0], levels)
    cond, empty = TINY.text([t.text for t in told]), TINY.text([""])
    with controlled(TINY, plan, heat) as shared:
        denoise = guided_beside(empty, shared, cond, 7.5, sources=1)
        found = last(solve(denoise, x, levels, after=blend))
    alone = last(solve(lambda x, level: TINY(x, level, cond.rows([0])), x[:1], levels))
    assert torch.allclose(found[:1], alone, rtol=1e-4, atol=1e-4)
    outside = blend.mask[1].expand_as(x[1]) == 0
    assert torch.equal(found[1][outside], found[0][outside])
    assert not torch.allclose(found[1], found[0], atol=1e-2)
