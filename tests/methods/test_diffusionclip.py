"""DiffusionCLIP: the authors' numbers on their grid, and a closed pair on ours."""

from dataclasses import replace
from itertools import pairwise

import pytest
import torch
from torch import nn

from overpaint.core.schedule import CLEAN, NoiseSchedule
from overpaint.errors import OptionError
from overpaint.inversions.ddim import ddim
from overpaint.methods.bridging import is_strange, limit_of_familiar
from overpaint.methods.combining import as_blend
from overpaint.methods.diffusionclip import Options, diffusionclip
from overpaint.methods.plans import return_time
from overpaint.methods.registry import Run, Task
from overpaint.methods.walking import grids, keep_inverted
from overpaint.models.bundle import Calls, DiffusionModel, Unshuffle
from overpaint.models.control import Adapter

from .. import golden

SCHEDULE = NoiseSchedule.linear()


class Gaussian(nn.Module):
    """The noise predictor of N(mean, 0.25), as a network with one parameter."""

    def __init__(self, mean):
        super().__init__()
        self.mean = nn.Parameter(mean.clone(), requires_grad=False)

    def forward(self, x, times):
        a = SCHEDULE.alphas_bar[int(times[0])]
        eps = (1 - a) ** 0.5 * (x.double() - a**0.5 * self.mean) / (a * 0.25 + 1 - a)
        return eps.float()


def gaussian(mean, **more):
    return DiffusionModel(Gaussian(mean), SCHEDULE, Unshuffle(), size=16, calls=Calls(), **more)


def smooth(seed, shape=(1, 3, 16, 16)):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed)) * 0.3


def tuned(mean, t0=500, **card):
    return Adapter(changes={}, whole={"mean": mean}, card={"t0": t0, **card})


@pytest.mark.parametrize("t0", [301, 500])
@pytest.mark.parametrize(
    ("run", "steps", "degree"), [("roundtrip", 40, 0.0), ("ratio0.3", 6, 0.3), ("ratio1", 6, 1.0)]
)
def test_the_official_grid_gives_the_authors_numbers(t0, run, steps, degree):
    stored = golden.arrays("diffusionclip_sampling")
    options = Options(grid="official", bridge="off", num_inference_steps=steps, degree=degree)
    for i in range(2):
        one = slice(i, i + 1)
        model = gaussian(stored["m1"][one])
        adapter = tuned(stored["m2"][one], t0)
        made = diffusionclip(model, Task(stored["x0"][one]), options, Run(), adapter=adapter)
        expected = stored[f"{run}.t{t0}.S{steps}.{steps}"][one]
        assert (made.images - expected).abs().max() < 1e-5


@pytest.mark.parametrize(("grid", "calls"), [("closed", 40 + 20), ("official", 39 + 20)])
def test_each_grid_asks_the_network_once_for_each_move(grid, calls):
    model = gaussian(smooth(0))
    options = Options(grid=grid, num_inference_steps=20)
    diffusionclip(model, Task(smooth(1)), options, Run((1, 2)), adapter=tuned(smooth(2)))
    assert model.calls.count == calls


@pytest.mark.parametrize(
    ("asked", "calls"),
    [
        ({}, 7 + 3),
        ({"num_inference_steps": 5}, 7 + 5),
        ({"num_inversion_steps": 9}, 9 + 3),
        ({"strength": 0.6}, 40 + 40),
        ({"strength": 0.6, "num_inference_steps": 5}, 40 + 5),
    ],
)
def test_an_edit_takes_as_many_steps_as_were_tuned_unless_asked(asked, calls):
    model, options = gaussian(smooth(0)), Options(**asked)
    adapter = tuned(smooth(2), num_inversion_steps=7, num_inference_steps=3)
    made = diffusionclip(model, Task(smooth(1)), options, Run(), adapter=adapter)
    chosen = {**made.chosen}
    assert (chosen.pop("bridge"), chosen.pop("grid")) == ("off", "closed")
    assert model.calls.count == calls == sum(chosen.values())


@pytest.mark.parametrize("name", ["num_inversion_steps", "num_inference_steps"])
@pytest.mark.parametrize("steps", [0, 10**9, "x"])
def test_a_card_with_absurd_steps_is_refused_but_where_they_are_given(name, steps):
    model, task, adapter = gaussian(smooth(0)), Task(smooth(1)), tuned(smooth(2), **{name: steps})
    with pytest.raises(OptionError, match=f"{name} must be a whole number"):
        diffusionclip(model, task, Options(), Run(), adapter=adapter)
    made = diffusionclip(model, task, Options(**{name: 4}), Run(), adapter=adapter)
    assert made.chosen[name] == 4


def test_the_official_grid_leaves_the_cards_steps_and_refuses_one():
    model, task = gaussian(smooth(0)), Task(smooth(1))
    adapter = tuned(smooth(2), num_inversion_steps=20, num_inference_steps=1)
    diffusionclip(model, task, Options(grid="official"), Run(), adapter=adapter)
    assert model.calls.count == 39 + 40
    one = Options(grid="official", num_inference_steps=1)
    with pytest.raises(OptionError, match="official grid"):
        diffusionclip(model, task, one, Run(), adapter=adapter)


@pytest.mark.parametrize(
    ("asked", "grid", "calls"),
    [
        ({}, "official", 19 + 6),
        ({"grid": "closed"}, "closed", 20 + 6),
        ({"strength": 0.5}, "closed", 40 + 40),
    ],
)
def test_an_edit_takes_the_grid_that_was_tuned_unless_asked(asked, grid, calls):
    model, options = gaussian(smooth(0)), Options(**asked)
    card = {"grid": "official", "num_inversion_steps": 20, "num_inference_steps": 6}
    adapter = tuned(smooth(2), **card)
    made = diffusionclip(model, Task(smooth(1)), options, Run(), adapter=adapter)
    assert (made.chosen["grid"], model.calls.count) == (grid, calls)


def test_closing_the_grid_brings_the_picture_back_better():
    model, x0, errors = gaussian(smooth(0)), smooth(1), {}
    for grid in ("closed", "official"):
        options = Options(grid=grid, degree=0.0)
        made = diffusionclip(model, Task(x0), options, Run(), adapter=tuned(smooth(2)))
        errors[grid] = float((made.images - x0).abs().mean())
    assert errors["closed"] < errors["official"] < 0.03


def test_the_degree_leads_from_the_picture_to_the_edit_and_beyond():
    model, x0, mean = gaussian(smooth(0)), smooth(1), smooth(0) + 0.5
    moved = [
        float(
            diffusionclip(
                model, Task(x0), Options(degree=degree), Run(), adapter=tuned(mean)
            ).images.mean()
        )
        for degree in (-1.0, -0.5, 0.0, 0.5, 1.0, 1.5)
    ]
    first, *rest = (b - a for a, b in pairwise(moved))
    assert first > 0.05
    assert all(abs(step - first) < 1e-3 for step in rest)  # a Gaussian's eps is linear in its mean


def test_the_adapter_says_where_to_return_to_and_the_user_may_overrule():
    schedule = SCHEDULE
    for options, t0 in [(Options(), 300.0), (Options(strength=0.5), 499.5)]:
        assert return_time(schedule, options, as_blend(tuned(smooth(0), 300))) == t0
    up, down = grids(schedule, 300.0, (40, 6))
    assert (len(up), len(down)) == (41, 7)
    assert up[0] == down[0] == schedule.at(300)
    assert up[-1] == down[-1] == CLEAN


def test_outside_the_mask_the_inverted_states_are_kept_also_between_levels():
    model, x0 = gaussian(smooth(0)), smooth(1)
    mask = torch.zeros(1, 3, 16, 16)
    fine, coarse = SCHEDULE.path([400, 200, 0, -1]), SCHEDULE.path([400, 150, 0, -1])
    trajectory = ddim(model, x0, fine)
    after = keep_inverted(trajectory, x0, mask)
    for level in fine:
        assert torch.allclose(after(smooth(3), level), trajectory.states[level], atol=1e-6)
    between = after(smooth(3), coarse[1])
    exact = ddim(model, x0, coarse).states[coarse[1]]
    assert (between - exact).abs().mean() < 0.2 * (x0 - exact).abs().mean()


def test_a_strange_picture_is_told_from_a_familiar_one():
    familiar, strange = smooth(0) + smooth(1), smooth(0) + 3
    model = gaussian(smooth(0))
    model = replace(model, card={"strangeness_limit": limit_of_familiar(model, familiar)})
    assert not is_strange(model, familiar)
    assert is_strange(model, strange)
    assert not is_strange(replace(model, card={}), strange)  # nothing is known, nothing is done


def test_a_bridge_leads_into_the_models_domain_and_differs_by_seed():
    model, strange = gaussian(smooth(0)), smooth(0) + 3
    options = Options(bridge="on", degree=0.0, bridge_repeats=2, bridge_steps=25)
    options = replace(options, num_inversion_steps=30, num_inference_steps=20)
    made = diffusionclip(model, Task(strange), options, Run((0, 1)), adapter=tuned(smooth(2)))
    assert made.redrawn
    assert model.calls.count == 2 * 25 + 30 + 20
    assert made.chosen["bridge"] == "on"
    assert (made.images - smooth(0)).abs().mean() < 0.5 * (strange - smooth(0)).abs().mean()
    assert not torch.equal(made.images[0], made.images[1])


@pytest.mark.parametrize(("t0", "noised"), [(250, 499.5), (700, 700)])
def test_a_strange_picture_is_noised_to_half_the_schedule_at_least(t0, noised, monkeypatch):
    asked = []
    monkeypatch.setattr(
        "overpaint.methods.diffusionclip.bridge",
        lambda model, x0, t0, **more: asked.append(t0) or x0,
    )
    task, options = Task(smooth(1)), Options(bridge="on")
    diffusionclip(gaussian(smooth(0)), task, options, Run(), adapter=tuned(smooth(2), t0))
    assert asked == [noised]


def test_a_bridge_keeps_the_outside_of_the_mask():
    model, strange = gaussian(smooth(0)), smooth(0) + 3
    mask = torch.zeros(1, 1, 16, 16)
    mask[..., :8] = 1
    task = Task(strange, mask=mask)
    made = diffusionclip(model, task, Options(bridge="on"), Run(), adapter=tuned(smooth(2)))
    assert torch.equal(made.images[..., 8:], strange[..., 8:])
    assert not torch.allclose(made.images[..., :8], strange[..., :8], atol=0.1)


def test_an_inversion_that_is_solved_brings_the_picture_back_better():
    x0, errors = smooth(1), {}
    for inversion, calls in (("ddim", 20), ("fixed-point", 1 + 2 * 20)):
        model = gaussian(smooth(0))
        options = Options(inversion=inversion, degree=0.0)
        adapter = tuned(smooth(2), num_inversion_steps=20, num_inference_steps=20)
        made = diffusionclip(model, Task(x0), options, Run(), adapter=adapter)
        errors[inversion] = float((made.images - x0).abs().mean())
        assert model.calls.count == calls + 20
    assert errors["fixed-point"] < errors["ddim"] / 5


def test_six_steps_of_second_order_are_nearer_than_twelve_of_first():
    """To the path of many steps; the spacing follows the solver."""
    task, adapter = Task(smooth(1)), tuned(smooth(2))

    def edited(steps, **how):
        options = Options(num_inference_steps=steps, **how)
        return diffusionclip(gaussian(smooth(0)), task, options, Run(), adapter=adapter).images

    exact = edited(1000)
    few = edited(6, solver="dpmpp_2m")
    assert torch.equal(few, edited(6, solver="dpmpp_2m", spacing="log_snr"))
    assert (few - exact).abs().mean() < 0.5 * (edited(12) - exact).abs().mean()
    even = edited(6, solver="dpmpp_2m", spacing="time")
    assert (few - exact).abs().mean() < 0.5 * (even - exact).abs().mean()
