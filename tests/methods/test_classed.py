"""A class of a class-conditional network, with guidance against its null class."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from overpaint.errors import OptionError
from overpaint.methods.classed import of_class
from overpaint.models.classes import Classes

from .test_sdedit import model


class Classed(nn.Module):
    """Its noise is the class."""

    def __init__(self):
        super().__init__()
        self.one = nn.Parameter(torch.ones(()))

    def forward(self, x, times, labels):
        return self.one * labels.float().view(-1, 1, 1, 1).expand_as(x)


def classed(null=9, **more):
    return replace(model(), net=Classed(), classes=Classes(10, null), name="net", **more)


X = torch.zeros(2, 3, 16, 16)


@pytest.mark.parametrize(
    ("label", "scale", "eps", "calls"), [(None, 1, 9, 1), (4, 1, 4, 1), (4, 3, 9 + 3 * (4 - 9), 2)]
)
def test_a_class_is_asked_for_and_guided_to(label, scale, eps, calls):
    net = classed()
    found = of_class(net, label, scale)(X, net.schedule.at(500)).eps
    assert torch.allclose(found, torch.full_like(X, eps))
    assert net.calls.count == calls


@pytest.mark.parametrize(
    ("net", "label", "scale", "said"),
    [
        (model(), 3, 1, "the model has no classes"),
        (model(), None, 2, "guidance_scale needs a class"),
        (classed(), 10, 1, r"label must be in \[0, 9\], got 10"),
        (classed(), None, 2, "guidance_scale needs a class"),
        (classed(null=None), None, 1, "net draws nothing without a class"),
        (classed(null=None), 3, 2, "guidance compares a class with none"),
    ],
)
def test_what_a_model_cannot_do_is_refused(net, label, scale, said):
    with pytest.raises(OptionError, match=said):
        of_class(net, label, scale)
