"""Control of attention makes no map, refuses what does not fit, and is put back at the end."""

from dataclasses import replace

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from overpaint.core.alignment import same
from overpaint.core.attention import Borrowing
from overpaint.core.heat import Heat
from overpaint.errors import OptionError
from overpaint.models.attending import controlled, factor_near, factors
from overpaint.models.conditions import stacked
from overpaint.models.pinning import guided_beside
from overpaint.models.zoo import load

from ..planned import (
    CONFIGS,
    LEVELS,
    MODELS,
    PLANS,
    L,
    Materialised,
    batch,
    materialised,
    network,
    plan,
    under,
)


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
