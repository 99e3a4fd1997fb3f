"""What a picture shows, as the judge reads it: attribute accuracy, confidence, preservation."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

Reading = Mapping[str, Tensor]
"""Attribute -> probabilities (B, values)."""


def accuracy(reading: Reading, labels: Mapping[str, Tensor], hidden: int = -1) -> dict[str, float]:
    """Share of right readings of each attribute, over the pictures that show it.

    Args:
        labels: attribute -> (B,) index of the true value, `hidden` where it is not shown.
    """
    found = {}
    for name, truth in labels.items():
        shown = truth != hidden
        right = reading[name].argmax(1)[shown] == truth[shown]
        found[name] = float(right.float().mean()) if len(right) else float("nan")
    return found


def confident(reading: Reading, names: Sequence[str], bar: float = 0.9) -> Tensor:
    """(B,) bool: whether every one of the attributes `names` is read with more than `bar`."""
    return torch.stack([reading[name].amax(1) > bar for name in names]).all(0)


def kept(
    before: Reading, after: Reading, shown: Mapping[str, Tensor], names: Sequence[str]
) -> float:
    """Share of the attributes `names` that read after an edit as before it.

    Args:
        shown: attribute -> (B,) bool, whether the source shows it.
    """
    same = [(before[n].argmax(1) == after[n].argmax(1))[shown[n]] for n in names]
    return float(torch.cat(same).float().mean())
