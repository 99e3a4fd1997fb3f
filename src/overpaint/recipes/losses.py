"""Losses of attributes, captions and directions: small functions of embeddings and logits."""

from torch import Tensor
from torch.nn import functional as F

from overpaint.portraits.labels import HIDDEN, LABELS
from overpaint.portraits.scene import VALUES


def attribute_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """Sum over attributes of the cross-entropy, where shown; `logits` (N, all values)."""
    total = logits.new_zeros(())
    groups = logits.float().split([len(VALUES[name]) for name in LABELS], dim=1)
    for group, truth in zip(groups, labels.unbind(1), strict=True):
        shown = (truth != HIDDEN).sum().clamp(min=1)
        wrong = F.cross_entropy(group, truth, ignore_index=HIDDEN, reduction="sum")
        total = total + wrong / shown
    return total


def matching_loss(similar: Tensor, true: Tensor) -> Tensor:
    """Contrast with several right answers, both ways (arXiv 2204.03610, eq. 3); both (N, N)."""

    def one_way(logits: Tensor, right: Tensor) -> Tensor:
        target = right.float() / right.sum(1, keepdim=True).clamp(min=1)
        return -(target * logits.log_softmax(1)).sum(1).mean()

    return (one_way(similar, true) + one_way(similar.T, true.T)) / 2


def directional(change: Tensor, direction: Tensor) -> Tensor:
    """The directional CLIP loss (arXiv 2110.02711, eq. 5): mean over pictures of 1 - cos.

    Args:
        change: `(N, D)`, of the picture's embeddings.
        direction: `(D,)` or `(N, D)`, of the text's.
    """
    return (1 - F.cosine_similarity(change, direction, dim=-1)).mean()


def roughness(images: Tensor) -> Tensor:
    """The mean squared difference of neighbouring pixels of `(N, C, H, W)`, down and right."""
    down, right = images.diff(dim=2).square().mean(), images.diff(dim=3).square().mean()
    return down + right
