"""Losses of attributes, captions and pixels: small functions of logits and pictures."""

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn import functional as F

from overpaint.portraits.labels import HIDDEN, LABELS
from overpaint.portraits.scene import VALUES

FLAT = 1e-2  # of a norm of slopes, below which a picture has no edges to speak of


def figures(terms: Mapping[str, Tensor]) -> dict[str, float]:
    """The terms of a loss as numbers."""
    return {name: float(term.detach()) for name, term in terms.items()}


def attribute_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """Sum over attributes of the cross-entropy, where shown; `logits` (N, all values)."""
    return _losses(logits, labels).sum()


def hardest_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """The mean of the same, in which an attribute has the weight of its own loss.

    In a plain mean what is read by chance is lost among what is read well, and stays so.
    """
    losses = _losses(logits, labels)
    weights = losses.detach() / losses.detach().sum().clamp(min=1e-6)
    return (weights * losses).sum()


def _losses(logits: Tensor, labels: Tensor) -> Tensor:
    """The cross-entropy of each attribute, (len(LABELS),)."""
    found = []
    groups = logits.float().split([len(VALUES[name]) for name in LABELS], dim=1)
    for group, truth in zip(groups, labels.unbind(1), strict=True):
        shown = (truth != HIDDEN).sum().clamp(min=1)
        wrong = F.cross_entropy(group, truth, ignore_index=HIDDEN, reduction="sum")
        found.append(wrong / shown)
    return torch.stack(found)


def matching_loss(similar: Tensor, true: Tensor) -> Tensor:
    """Contrast with several right answers, both ways (arXiv 2204.03610, eq. 3); both (N, N)."""

    def one_way(logits: Tensor, right: Tensor) -> Tensor:
        target = right.float() / right.sum(1, keepdim=True).clamp(min=1)
        return -(target * logits.log_softmax(1)).sum(1).mean()

    return (one_way(similar, true) + one_way(similar.T, true.T)) / 2


def roughness(images: Tensor) -> Tensor:
    """The mean squared difference of neighbouring pixels of `(N, C, H, W)`, down and right."""
    down, right = images.diff(dim=2).square().mean(), images.diff(dim=3).square().mean()
    return down + right


def altered(edited: Tensor, source: Tensor, kept: Tensor) -> Tensor:
    """The mean absolute difference of `(N, C, H, W)`, weighted by `kept` `(1, 1, H, W)`."""
    apart = ((edited - source).abs() * kept).mean()
    return apart / kept.mean().clamp(min=1e-6)


def misplaced(edited: Tensor, source: Tensor) -> Tensor:
    """How little edges lie where they were: the mean of 1 - correlation, for `(N, 3, S, S)`.

    What is drawn may change, dark to light too, but shapes stay in their places.
    """
    before, after = (_edges(images).flatten(1) for images in (source, edited))
    before, after = (each - each.mean(1, keepdim=True) for each in (before, after))
    return (1 - F.cosine_similarity(before, after, eps=FLAT)).mean()


def _edges(images: Tensor) -> Tensor:
    """How steep brightness is at half the size: (N, 1, S/2 - 1, S/2 - 1)."""
    grey = F.avg_pool2d(images.mean(1, keepdim=True), 2)
    down, right = grey.diff(dim=2)[..., :-1], grey.diff(dim=3)[..., :-1, :]
    return (down.square() + right.square() + 1e-6).sqrt()
