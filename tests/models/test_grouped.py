"""Several tuned twins in one call say what each says alone."""

import copy
from dataclasses import replace

import pytest
import torch
from torch import nn

from overpaint.core.schedule import NoiseSchedule
from overpaint.models.bundle import Calls, DiffusionModel, Unshuffle
from overpaint.models.control import adapted, merged, read_adapter
from overpaint.models.grouped import asked_together, grouped
from overpaint.models.tuning import whole, write_tuned

from ..adapters import write_random

X = torch.randn(2, 12, 8, 8, generator=torch.Generator().manual_seed(1))


@pytest.fixture
def adapters(model, tmp_path):
    """Two of low rank, and one that changes every weight of the network."""
    names = ("one", "two")
    found = [read_adapter(write_random(model, tmp_path / n, k)) for k, n in enumerate(names)]
    other = whole(model)
    with torch.no_grad():
        for weight in other.parameters():
            weight *= 1.1
    write_tuned(other, tmp_path / "whole", {})
    return [*found, read_adapter(tmp_path / "whole")]


def test_one_call_is_as_several(model, adapters):
    level = model.schedule.at(400)
    twins = [model, *(adapted(model, adapter) for adapter in adapters)]
    together = asked_together(grouped(model, twins), twins, X, level)
    for pred, twin in zip(together, twins, strict=True):
        alone = twin(X, level)
        assert (pred.eps - alone.eps).abs().max() < 1e-5
        assert (pred.x0 - alone.x0).abs().max() < 1e-5


def test_the_model_is_left_as_it_was_and_its_weights_are_shared(model, adapters):
    level, kinds = model.schedule.at(400), [type(m) for m in model.net.modules()]
    before, state = model(X, level).eps, copy.deepcopy(model.net.state_dict())
    together = grouped(model, [model, adapted(model, adapters[0])])
    asked_together(together, [model, model], X, level)
    assert torch.equal(model(X, level).eps, before)
    assert [type(m) for m in model.net.modules()] == kinds
    assert all(torch.equal(v, state[k]) for k, v in model.net.state_dict().items())
    ours = {id(p) for p in model.net.parameters()}
    assert {id(p) for p in together.net.parameters()} == ours


def test_a_call_for_several_counts_as_several(model, adapters):
    counted = replace(model, calls=Calls())
    twins = [counted, *(adapted(counted, adapter) for adapter in adapters)]
    asked_together(grouped(counted, twins), twins, X, model.schedule.at(400))
    assert counted.calls.count == len(twins)


def test_merged_changes_add_up_in_any_order(model, adapters):
    one, two, _ = adapters
    there = merged(model, [(one, 0.5), (two, 2.0)]).weights
    back = merged(model, [(two, 2.0), (one, 0.5)]).weights
    assert there.keys() == one.changes.keys() | two.changes.keys()
    for name, weight in there.items():
        change = 0.5 * one.changes[name] + 2.0 * two.changes[name]
        assert torch.allclose(weight, model.net.get_parameter(name) + change, atol=1e-5)
        assert torch.allclose(weight, back[name], atol=1e-5)


class Scaled(nn.Module):
    """A network with a weight of its own beside those of a layer in it."""

    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(2.0))
        self.layer = nn.Conv2d(3, 3, 1)

    def forward(self, x, times):
        return self.scale * self.layer(x) + times.view(-1, 1, 1, 1)


def test_weights_outside_of_any_layer_are_grouped_too():
    model = DiffusionModel(Scaled(), NoiseSchedule.linear(), Unshuffle(), size=4)
    changes = {"scale": torch.tensor(5.0), "layer.weight": torch.randn(3, 3, 1, 1)}
    twins, x = [model, replace(model, weights=changes)], torch.randn(2, 3, 4, 4)
    level = model.schedule.at(300)
    for pred, twin in zip(
        asked_together(grouped(model, twins), twins, x, level), twins, strict=True
    ):
        assert torch.allclose(pred.eps, twin(x, level).eps, atol=1e-5)
