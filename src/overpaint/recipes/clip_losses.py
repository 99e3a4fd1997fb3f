"""What CLIP says against an edit: small functions of embeddings of unit length."""

import torch
from torch import Tensor
from torch.nn import functional as F

FAINT = 1e-4  # of a difference of unit vectors, below which it points nowhere


def directional(change: Tensor, direction: Tensor, *, reach: float = 0.0) -> Tensor:
    """The directional loss (arXiv 2110.02711, eq. 5): mean over pictures of 1 - cos, in [0, 2].

    A cosine is blind to lengths: half a smile points where a smile does. So a change shorter than
    `reach` times the text's counts for as much less as it is shorter; with 0 it is the paper's.
    No change at all counts 1, and its gradient is finite.

    Args:
        change: `(N, D)`, of the picture's embeddings.
        direction: `(D,)` or `(N, D)`, of the text's.
    """
    length = direction.norm(dim=-1)
    whole = torch.maximum(change.norm(dim=-1), reach * length).clamp(min=FAINT)
    return (1 - (change * direction).sum(-1) / (whole * length.clamp(min=1e-8))).mean()


def logarithmic(loss: Tensor) -> Tensor:
    """The authors' form -log((2 - L) / 2) of a loss L = 1 - cos: steeper the worse it is.

    At L = 2, where it would be infinite, it ends at 14.5.
    """
    return -torch.log((2 - loss).clamp(min=1e-6) / 2)


def distant(seen: Tensor, target: Tensor) -> Tensor:
    """The global loss: mean of 1 - cos between pictures (N, D) and a text (D,)."""
    return (1 - seen @ target).mean()


def unlike_parts(change: Tensor, directions: Tensor) -> Tensor:
    """The patch loss: 1 - cos to each part's direction, weighted by a softmax of the cosines.

    A patch so has to change along the texts of the parts that it most likely shows (CLIPLoss of
    arXiv 2108.00946, which takes the mean over directions instead of the sum).

    Args:
        change: `(N, D)`, of the patches' embeddings.
        directions: `(P, D)` of unit length, one for each part.
    """
    near = F.normalize(change, dim=1, eps=FAINT) @ directions.T
    return ((1 - near) * near.softmax(1)).sum(1).mean()


def misturned(before: Tensor, after: Tensor, angle: Tensor) -> Tensor:
    """The manifold loss: mean absolute difference of cosines, of pictures (N, D) and of texts.

    Pictures are to move as far from their sources as the text from its own: `angle` is the
    cosine between those.
    """
    return ((before * after).sum(1) - angle).abs().mean()
