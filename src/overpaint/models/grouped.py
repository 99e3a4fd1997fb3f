"""Several tuned twins of a network in one call: a group of rows for each of them."""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn
from torch.func import functional_call

from overpaint.core.prediction import Prediction
from overpaint.core.schedule import Level
from overpaint.models.bundle import DiffusionModel

Weights = Mapping[str, Tensor]


class Grouped(nn.Module):
    """A layer that treats each group of its rows `(M * B, ...)` with weights of its own.

    states: for each group, the weights by name that stand in for the layer's.
    """

    def __init__(self, layer: nn.Module, states: Sequence[Weights]) -> None:
        super().__init__()
        self.layer, self.states = layer, states

    def forward(self, *rows: Tensor) -> Tensor:
        """The rows in their order."""
        groups = zip(*(each.chunk(len(self.states)) for each in rows), strict=True)
        parts = zip(self.states, groups, strict=True)
        return torch.cat([functional_call(self.layer, dict(own), part) for own, part in parts])


def grouped(model: DiffusionModel, twins: Sequence[DiffusionModel]) -> DiffusionModel:
    """`model` for batches in which the k-th of equal groups of rows is for the k-th twin.

    Twins share the network and differ by their `weights`. Layers that no twin changes see all rows
    at once; `model` is not touched, and the copy shares its parameters.
    """
    net: nn.Module = copy.deepcopy(model.net, {id(p): p for p in model.net.parameters()})
    layers = {name.rpartition(".")[0] for twin in twins for name in twin.weights}
    for path in [each for each in layers if not any(_holds(other, each) for other in layers)]:
        start = f"{path}." if path else ""
        states = [
            {n.removeprefix(start): w for n, w in twin.weights.items() if n.startswith(start)}
            for twin in twins
        ]
        new, (parent, _, leaf) = Grouped(net.get_submodule(path), states), path.rpartition(".")
        if path:
            setattr(net.get_submodule(parent), leaf, new)
        else:
            net = new
    return replace(model, net=net.eval(), weights={})


def _holds(outer: str, inner: str) -> bool:
    """Whether the layer at path `inner` lies in the one at `outer`; the network's path is ""."""
    return outer != inner and (not outer or inner.startswith(f"{outer}."))


def asked_together(
    model: DiffusionModel, twins: Sequence[DiffusionModel], x: Tensor, level: Level
) -> list[Prediction]:
    """What each twin says about `x` `(B, C, h, w)`, of one call with a `grouped` model.

    It counts as a call for each twin: that is the work it takes.
    """
    found = model(x.repeat(len(twins), 1, 1, 1), level)
    if model.calls is not None:
        model.calls.count += len(twins) - 1
    shares = [None] * len(twins) if found.variance is None else found.variance.chunk(len(twins))
    parts = zip(found.x0.chunk(len(twins)), found.eps.chunk(len(twins)), shares, strict=True)
    return [Prediction(x0, eps, variance) for x0, eps, variance in parts]
