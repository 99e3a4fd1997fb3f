"""Loaded models; calling the package, `overpaint.models()`, lists the embedded ones."""

from typing import Any

from overpaint.listing import callable_package


def _embedded() -> list[dict[str, Any]]:
    from overpaint.models.zoo import models

    return models()


callable_package(__name__, _embedded)
