"""What a metric is: a function of pictures to one number each, with unit and direction."""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from overpaint.errors import OptionError

Score = Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class Metric:
    """A registered metric: `(images, reference) -> (B,)`, both (B, 3, H, W) in [0, 1]."""

    name: str
    unit: str
    better: str  # "lower" or "higher"
    fn: Score

    def __call__(self, images: Tensor, reference: Tensor) -> Tensor:
        """One number for each picture."""
        if images.shape != reference.shape or images.ndim != 4:
            raise OptionError(
                f"{self.name} compares pictures of one shape (B, 3, H, W)",
                f"got {tuple(images.shape)} and {tuple(reference.shape)}",
            )
        return self.fn(images.double(), reference.double())


_METRICS: dict[str, Metric] = {}


def metric(name: str, *, unit: str, better: str) -> Callable[[Score], Metric]:
    """Register a function as a metric."""

    def keep(fn: Score) -> Metric:
        _METRICS[name] = Metric(name, unit, better, fn)
        return _METRICS[name]

    return keep


def metrics() -> dict[str, Metric]:
    """All metrics by name."""
    return dict(sorted(_METRICS.items()))
