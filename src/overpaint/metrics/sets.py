"""How far one set of pictures is from another, by features (N, d) of each; float64 inside."""

import torch
from torch import Tensor

from overpaint.errors import OptionError
from overpaint.metrics.registry import SETS, metric

FEWEST = 2  # pictures of a set: one alone has no spread
NEAREST = 3  # neighbours that a picture's surroundings reach to


@metric("kid", unit="", better="lower", takes=SETS)
def kid(features: Tensor, real: Tensor) -> float:
    """Kernel distance: the unbiased squared MMD under (x.y / d + 1)^3 (arXiv 1801.01401, eq. 4).

    Lower is better; sets of one kind have 0 on average, so that a sample may fall below it.
    """
    x, y = _checked(features, real)
    return float(_within(x) + _within(y) - 2 * _kernel(x, y).mean())


@metric("fid", unit="", better="lower", takes=SETS)
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


@metric("csfid", unit="", better="lower", takes=SETS)
def csfid(features: Tensor, classes: Tensor, real: Tensor, real_classes: Tensor) -> float:
    """The mean over classes of the Frechet distance to the real pictures of that class.

    classes: (N,) of what each edit shall show, and of the real ones (arXiv 2203.04705).
    """
    found = [
        fid.fn(features[classes == each], real[real_classes == each])
        for each in classes.unique().tolist()
    ]
    return float(sum(found) / len(found))


@metric("precision", unit="share", better="higher", takes=SETS)
def precision(features: Tensor, real: Tensor) -> float:
    """Share of the pictures among real ones: as near to one as its third neighbour is.

    (arXiv 1904.06991, eq. 2 and 3.)
    """
    return _among(*_checked(features, real))


@metric("recall", unit="share", better="higher", takes=SETS)
def recall(features: Tensor, real: Tensor) -> float:
    """Share of the real pictures that are among those made, likewise."""
    x, y = _checked(features, real)
    return _among(y, x)


@metric("inception-score", unit="", better="higher", takes=SETS)
def inception_score(probabilities: Tensor) -> float:
    """exp of how far a picture's classes (N, K) are from those of all (arXiv 1606.03498).

    The mean over N of the Kullback-Leibler divergence, in one part.
    """
    mean = probabilities.mean(0, keepdim=True)
    apart = torch.xlogy(probabilities, probabilities) - torch.xlogy(probabilities, mean)
    return float(apart.sum(1).mean().exp())


def _among(x: Tensor, y: Tensor) -> float:
    """Share of `x` that lie within reach of any of `y`, each reaching to its `NEAREST`-th."""
    if len(y) <= NEAREST:
        why = f"there are {len(y)}"
        raise OptionError(f"precision and recall need more than {NEAREST} pictures", why)
    reach = torch.cdist(y, y).kthvalue(NEAREST + 1, dim=1).values  # the first is itself
    return float((torch.cdist(x, y) <= reach).any(1).double().mean())


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
    return features, real
