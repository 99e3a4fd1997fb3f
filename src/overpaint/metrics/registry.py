"""What a metric is: a function of pictures, or of what networks see in them, with a direction."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from overpaint.errors import OptionError

PICTURES, REGIONS = "pictures", "pictures and regions"
EMBEDDINGS, SETS = "embeddings", "sets of features"
TAKES = (PICTURES, REGIONS, EMBEDDINGS, SETS)


@dataclass(frozen=True)
class Metric:
    """A registered metric.

    takes: `PICTURES`: (images, reference), both (B, 3, H, W) in [0, 1], to (B,). `REGIONS`: and
        (B, 1, H, W), 1 where a change is asked for. Of the others the function says what it takes.
    library: that it is taken with, of the extra `overpaint[metrics]`, if any.
    """

    name: str
    unit: str
    better: str  # "lower" or "higher"
    takes: str
    fn: Callable[..., Any]
    library: str = ""

    def __call__(self, *given: Tensor) -> Any:
        """One number for each picture, or one for a set; in float64."""
        if self.takes in (PICTURES, REGIONS):
            self._check(*given)
        return self.fn(*(each.double() if each.is_floating_point() else each for each in given))

    def _check(self, images: Tensor, reference: Tensor, region: Tensor | None = None) -> None:
        if images.shape != reference.shape or images.ndim != 4:
            raise OptionError(
                f"{self.name} compares pictures of one shape (B, 3, H, W)",
                f"got {tuple(images.shape)} and {tuple(reference.shape)}",
            )
        wanted = (len(images), 1, *images.shape[2:])
        if region is not None and tuple(region.shape) != wanted:
            raise OptionError(f"{self.name} needs regions {wanted}", f"got {tuple(region.shape)}")


_METRICS: dict[str, Metric] = {}


def metric(
    name: str, *, unit: str, better: str, takes: str = PICTURES, library: str = ""
) -> Callable[[Callable[..., Any]], Metric]:
    """Register a function as a metric."""

    def keep(fn: Callable[..., Any]) -> Metric:
        _METRICS[name] = Metric(name, unit, better, takes, fn, library)
        return _METRICS[name]

    return keep


def metrics() -> dict[str, Metric]:
    """All metrics by name."""
    return dict(sorted(_METRICS.items()))
