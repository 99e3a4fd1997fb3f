"""Networks under control: the plan is what edited maps would give, and everything is put back."""

from dataclasses import replace

import pytest
import torch
from diffusers import UNet2DConditionModel
from torch.utils._python_dispatch import TorchDispatchMode

from overpaint.core.alignment import refine, same
from overpaint.core.attention import AttentionPlan, Borrowing, place
from overpaint.core.emphasis import equalizer, typed, windows
from overpaint.core.heat import Heat, indicator
from overpaint.core.local_blend import LocalBlend
from overpaint.core.schedule import below
from overpaint.core.solvers import last, solve
from overpaint.core.swapping import swap
from overpaint.core.wording import Wording, find
from overpaint.errors import OptionError
from overpaint.models.attending import controlled, factor_near, factors
from overpaint.models.bundle import DiffusionModel, Unshuffle, by_text
from overpaint.models.conditions import Cond, stacked
from overpaint.models.pinning import guided_beside
from overpaint.models.prompting import guided
from overpaint.models.zoo import load

from ..folders import seeded
from ..wordings import spelled

L, POOLED = 20, 6
STATE = (10, 14)  # grids of 140, 35 and 12 cells
TINY = load("tiny-text")
LEVELS = TINY.schedule.path(below(900, 10))
SOURCE, TARGET = spelled("a cat on a mat", L), spelled("a big dog on a mat", L)
WEIGHTS = equalizer(TARGET, [("mat", 3.0), ("dog", -0.5)])
SOME = windows(TARGET, 0.0, {"dog": 1.0, "mat": 0.5})

SHARED = {
    "in_channels": 4,
    "out_channels": 4,
    "layers_per_block": 1,
    "norm_num_groups": 4,
    "cross_attention_dim": 16,
}
STABLE_1 = {
    **SHARED,
    "block_out_channels": (8, 16),
    "down_block_types": ("CrossAttnDownBlock2D", "DownBlock2D"),
    "up_block_types": ("UpBlock2D", "CrossAttnUpBlock2D"),
    "attention_head_dim": 2,
}
STABLE_2 = {
    **SHARED,
    "block_out_channels": (8, 16, 16),
    "down_block_types": ("CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"),
    "up_block_types": ("UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"),
    "attention_head_dim": [2, 4, 4],
    "use_linear_projection": True,
    "upcast_attention": True,
}
STABLE_XL = {
    **SHARED,
    "block_out_channels": (8, 16, 32),
    "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
    "up_block_types": ("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
    "attention_head_dim": [2, 4, 8],
    "transformer_layers_per_block": [1, 1, 2],
    "use_linear_projection": True,
    "addition_embed_type": "text_time",
    "addition_time_embed_dim": 8,
    "projection_class_embeddings_input_dim": 6 * 8 + POOLED,
}
CONFIGS = {"1": STABLE_1, "2": STABLE_2, "xl": STABLE_XL}


def by_text_and_size(net, x, times, cond):
    sizes = torch.full((len(x), 6), 128.0)
    added = {"text_embeds": cond.pooled, "time_ids": sizes}
    return net(x, times, encoder_hidden_states=cond.text, added_cond_kwargs=added).sample


def network(which, **changes):
    with seeded():
        net = UNet2DConditionModel(**{**CONFIGS[which], **changes}).eval().requires_grad_(False)
    return DiffusionModel(
        net, TINY.schedule, Unshuffle(), 8, "v" if which == "2" else "eps", which,
        text=TINY.text, ask=by_text_and_size if which == "xl" else by_text,
    )  # fmt: skip


MODELS = {which: network(which) for which in CONFIGS}


def batch(rows):
    """States, and as many texts."""
    generator = torch.Generator().manual_seed(rows)
    shapes = (rows, 4, *STATE), (rows, L, 16), (rows, POOLED)
    x, text, pooled = (torch.randn(shape, generator=generator) for shape in shapes)
    return x, Cond(text, pooled)


def plan(*rows, **options):
    return AttentionPlan(LEVELS, rows, **options)


SELVES = (0.0, 0.5)
PLANS = {
    "swap": plan(None, Borrowing(0, swap(SOURCE, TARGET), selves=SELVES)),
    "refine": plan(None, Borrowing(0, refine(SOURCE, TARGET), selves=SELVES)),
    "reweight": plan(None, Borrowing(0, same(L), WEIGHTS)),
    "weights alone": plan(None, Borrowing(1, same(L), WEIGHTS)),
    "normalised": plan(None, Borrowing(0, refine(SOURCE, TARGET), WEIGHTS.abs()), normalised=True),
    "mixture": plan(None, Borrowing(0, swap(SOURCE, TARGET), WEIGHTS, SOME, SELVES), queries=40),
    "two pairs": plan(
        None,
        None,
        Borrowing(1, refine(SOURCE, TARGET), WEIGHTS, SOME, SELVES),
        Borrowing(0, swap(SOURCE, TARGET), selves=(0.0, 1.0)),
    ),
}


class Materialised:
    """An attention processor that makes all maps and edits them by the plan.

    Of layers that attend to texts it keeps what they would be if no word were weighted.
    """

    def __init__(self, plan, level, kept):
        self.plan, self.level, self.kept = plan, level, kept

    def __call__(self, attn, hidden_states, encoder_hidden_states=None, attention_mask=None):
        crossing = encoder_hidden_states is not None
        context = encoder_hidden_states if crossing else hidden_states
        q, k, v = (
            layer(each).unflatten(2, (attn.heads, -1)).transpose(1, 2)
            for layer, each in (
                (attn.to_q, hidden_states), (attn.to_k, context), (attn.to_v, context)
            )
        )  # fmt: skip
        plain = (q @ k.mT * q.shape[-1] ** -0.5).softmax(-1)
        if crossing:
            self.kept.append(self.edited(plain, crossing, weighed=False))
        maps = self.edited(plain, crossing)
        return attn.to_out[0]((maps @ v).transpose(1, 2).flatten(2))

    def edited(self, maps, crossing, *, weighed=True):
        new, offset = maps.clone(), len(maps) - len(self.plan.rows)
        step, steps = place(LEVELS, self.level), len(LEVELS) - 1
        for at, row in enumerate(self.plan.rows, offset):
            if row is None:
                continue
            source = maps[row.source + offset]
            if crossing:
                borrowed, own = (row if weighed else replace(row, weights=None)).maps(step, steps)
                new[at] = source @ borrowed + maps[at] * own
                if self.plan.normalised and weighed:
                    new[at] /= new[at].sum(-1, keepdim=True)
            elif maps.shape[2] <= self.plan.queries and row.whole(step, steps):
                new[at] = source
        return new


def materialised(model, plan, x, level, cond):
    """The prediction with all maps made, and the maps of the layers that attend to texts."""
    own, kept = model.net.attn_processors, []
    model.net.set_attn_processor(Materialised(plan, level, kept))
    try:
        return model(x, level, cond), kept
    finally:
        model.net.set_attn_processor(own)


def under(model, plan, x, level, cond, heat=None):
    with controlled(model, plan, heat) as shared:
        return shared(x, level, cond)


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


class Shapes(TorchDispatchMode):
    """The last two sides of all that is made."""

    def __init__(self):
        super().__init__()
        self.seen = set()

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        out = func(*args, **(kwargs or {}))
        for each in out if isinstance(out, tuple | list) else [out]:
            if isinstance(each, torch.Tensor) and each.ndim > 1:
                self.seen.add(tuple(each.shape[-2:]))
        return out


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("which", CONFIGS)
def test_no_map_is_ever_made(which, dtype):
    model, (x, cond) = replace(MODELS[which], dtype=dtype), batch(4)
    cells = [140, 35, 12]
    maps = {(n, other) for n in cells for other in (n, L)}
    heat = Heat(torch.ones(2, L, 1), max(factors(model)))
    with Shapes() as fused:
        for name in ("mixture", "normalised"):
            under(model, PLANS[name], x, LEVELS[0], cond, heat)
    assert not fused.seen & maps
    with Shapes() as made:
        materialised(MODELS[which], PLANS["mixture"], x, LEVELS[0], cond)
    assert made.seen & maps


def test_processors_are_put_back_also_after_an_exception():
    net, (x, cond) = MODELS["1"].net, batch(2)
    before = dict(net.attn_processors)

    def fails():
        with controlled(MODELS["1"], PLANS["swap"]) as shared:
            shared(x, LEVELS[0], cond)
            assert not set(before.values()) & set(net.attn_processors.values())
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()
    assert net.attn_processors == before  # the very same: they are compared by identity


def test_a_call_that_fails_leaves_no_trace():
    model, (x, cond) = MODELS["1"], batch(2)
    with controlled(model, PLANS["swap"]) as shared:
        with pytest.raises(RuntimeError):
            shared(x[:, :3], LEVELS[0], cond)
        assert torch.equal(model(x, LEVELS[0], cond).eps, MODELS["1"](x, LEVELS[0], cond).eps)
        assert shared.now.call is None


def test_control_within_control_is_refused():
    model = MODELS["1"]
    with (
        controlled(model, PLANS["swap"]),
        pytest.raises(OptionError, match="cannot be controlled\nit is already"),
        controlled(model, PLANS["refine"]),
    ):
        pass
    with controlled(model, PLANS["swap"]):  # and it is free again
        pass


def test_a_picture_beside_its_edit_takes_three_rows():
    model, (x, cond) = MODELS["1"], batch(2)
    empty = batch(1)[1]
    sizes = []

    def counting(x, level, told):
        sizes.append(len(x))
        return shared(x, level, told)

    with controlled(model, PLANS["mixture"]) as shared:
        found = guided_beside(empty, counting, cond, 7.5, sources=1)(x, LEVELS[0])
        four = shared(x.repeat(2, 1, 1, 1), LEVELS[0], stacked([empty.beside(x), cond]))
    assert sizes == [3]
    plain, told = four.eps.chunk(2)
    assert torch.allclose(found.eps[1], plain[1] + 7.5 * (told[1] - plain[1]), atol=1e-4)
    assert torch.allclose(found.eps[0], told[0], atol=1e-5)


@pytest.mark.parametrize(
    ("plan", "heat", "message"),
    [
        (PLANS["two pairs"], None, "4 of 20 tokens, where 2 of 20"),
        (plan(None, Borrowing(0, same(7))), None, "2 of 7 tokens, where 2 of 20"),
        (None, Heat(torch.zeros(3, L, 1), 1), "3 of 20 tokens"),
    ],
)
def test_other_rows_than_planned_are_refused(plan, heat, message):
    with pytest.raises(OptionError, match=message):
        under(MODELS["1"], plan, *batch(2)[:1], LEVELS[0], batch(2)[1], heat)


def test_networks_that_attend_otherwise_are_refused():
    x, cond = batch(2)
    pixels = replace(load("tiny"), name="pixels")
    with pytest.raises(
        OptionError, match=r"pixels cannot be controlled\nits network is no UNet that attends"
    ):
        under(pixels, PLANS["swap"], x, LEVELS[0], cond)
    other = network("1")
    other.net.set_attn_processor(Materialised(None, None, []))
    with pytest.raises(OptionError, match=r"attn1 has Materialised"):
        under(other, PLANS["swap"], x, LEVELS[0], cond)


def test_factors_are_those_of_the_layers_that_attend_to_texts():
    assert {which: factors(model) for which, model in MODELS.items()} == {
        "1": (1, 2),
        "2": (1, 2, 4),
        "xl": (2, 4),
    }
    assert factors(load("tiny")) == ()
    assert factor_near(MODELS["2"], torch.zeros(1, 4, 64, 64)) == 4
    assert factor_near(MODELS["2"], torch.zeros(1, 4, 16, 32)) == 1
    assert factor_near(MODELS["xl"], torch.zeros(1, 4, 16, 16)) == 2
    with pytest.raises(OptionError, match="No maps are coarser by 8\nthe network has 1, 2"):
        under(MODELS["1"], None, *batch(1)[:1], LEVELS[0], None, Heat(torch.zeros(1, L, 1), 8))
