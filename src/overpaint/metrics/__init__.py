"""How edits are measured; calling the package, `overpaint.metrics()`, lists the metrics."""

from overpaint.listing import callable_package
from overpaint.metrics import fidelity
from overpaint.metrics.registry import metrics

__all__ = ["fidelity", "metrics"]
callable_package(__name__, metrics)
