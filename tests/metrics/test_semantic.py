"""What the judge's readings are turned into, on readings made by hand."""

import torch

from overpaint.metrics.semantic import accuracy, confident, kept

READ = {
    "kind": torch.tensor([[0.95, 0.05], [0.40, 0.60], [0.08, 0.92]]),
    "hair": torch.tensor([[0.91, 0.05, 0.04], [0.02, 0.03, 0.95], [0.50, 0.30, 0.20]]),
}


def test_accuracy_counts_only_what_is_shown():
    truth = {"kind": torch.tensor([0, 0, 1]), "hair": torch.tensor([0, -1, 1])}
    found = accuracy(READ, truth)
    assert abs(found["kind"] - 2 / 3) < 1e-6
    assert found["hair"] == 0.5


def test_a_picture_is_sure_when_each_attribute_is():
    assert confident(READ, ("kind", "hair")).tolist() == [True, False, False]
    assert confident(READ, ("hair",)).tolist() == [True, True, False]


def test_kept_is_the_share_of_unchanged_readings_among_those_shown():
    after = {"kind": READ["kind"].flip(1), "hair": READ["hair"]}
    shown = {"kind": torch.tensor([True, False, False]), "hair": torch.tensor([True, True, True])}
    assert kept(READ, after, shown, ("kind", "hair")) == 0.75
    assert kept(READ, READ, shown, ("kind",)) == 1.0
