"""How edits are measured; calling the package, `overpaint.metrics()`, lists the metrics."""

from overpaint.listing import callable_package
from overpaint.metrics import fidelity, likeness, outside, perceptual, sets
from overpaint.metrics.registry import metrics

__all__ = ["fidelity", "likeness", "metrics", "outside", "perceptual", "sets"]
callable_package(__name__, metrics)
