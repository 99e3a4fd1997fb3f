"""How far one set of pictures is from another, by features (N, d) of each; float64 inside."""

import torch
from torch import Tensor

from overpaint.errors import OptionError

FEWEST = 2  # pictures of a set: one alone has no spread


def kid(features: Tensor, real: Tensor) -> float:
    """Kernel distance: the unbiased squared MMD under (x.y / d + 1)^3 (arXiv 1801.01401, eq. 4).

    Lower is better; sets of one kind have 0 on average, so that a sample may fall below it.
    """
    x, y = _checked(features, real)
    return float(_within(x) + _within(y) - 2 * _kernel(x, y).mean())


def fid(features: Tensor, real: Tensor) -> float:
    """Frechet distance of the Gaussians with the sets' moments (arXiv 1706.08500, eq. 6).

    Lower is better; it needs many more pictures than features, since few understate the spread.
    """
    x, y = _checked(features, real)
    root = _root(x.T.cov())
    # The trace of (C1 C2)^(1/2) is that of the symmetric (C1^(1/2) C2 C1^(1/2))^(1/2).
    both = torch.linalg.eigvalsh(root @ y.T.cov() @ root).clamp(min=0).sqrt().sum()
    apart = (x.mean(0) - y.mean(0)).square().sum()
    return float(apart + x.var(0).sum() + y.var(0).sum() - 2 * both)


def _kernel(x: Tensor, y: Tensor) -> Tensor:
    return (x @ y.T / x.shape[1] + 1) ** 3


def _within(x: Tensor) -> Tensor:
    """The mean kernel of a set's pairs, none with itself."""
    values = _kernel(x, x)
    return (values.sum() - values.diagonal().sum()) / (len(x) * (len(x) - 1))


def _root(c: Tensor) -> Tensor:
    """The symmetric square root of a covariance matrix."""
    values, vectors = torch.linalg.eigh(c)
    return vectors * values.clamp(min=0).sqrt() @ vectors.T


def _checked(features: Tensor, real: Tensor) -> tuple[Tensor, Tensor]:
    shapes = f"got {tuple(features.shape)} and {tuple(real.shape)}"
    if features.ndim != 2 or real.ndim != 2 or features.shape[1] != real.shape[1]:
        raise OptionError("sets are compared by features (N, d) of one kind", shapes)
    if min(len(features), len(real)) < FEWEST:
        raise OptionError(f"a set needs at least {FEWEST} pictures to be compared", shapes)
    return features.double(), real.double()
