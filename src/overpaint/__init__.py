"""Edit real images by text with diffusion models."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from overpaint import errors, methods, metrics, models
    from overpaint.data.face import Face
    from overpaint.data.faces import faces
    from overpaint.data.record import Record
    from overpaint.editing import Result, edit
    from overpaint.explaining import explain
    from overpaint.methods.registry import Run, Task
    from overpaint.models.zoo import load
    from overpaint.replaying import replay

__all__ = [
    "Face",
    "Record",
    "Result",
    "Run",
    "Task",
    "__version__",
    "edit",
    "errors",
    "explain",
    "faces",
    "load",
    "methods",
    "metrics",
    "models",
    "replay",
]

# Found at first use: `import overpaint` itself takes no time.
_HOMES = {
    "load": "overpaint.models.zoo",
    "edit": "overpaint.editing",
    "explain": "overpaint.explaining",
    "replay": "overpaint.replaying",
    "Result": "overpaint.editing",
    "Task": "overpaint.methods.registry",
    "Run": "overpaint.methods.registry",
    "Record": "overpaint.data.record",
    "Face": "overpaint.data.face",
    "faces": "overpaint.data.faces",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    if name in ("errors", "methods", "metrics", "models"):
        return importlib.import_module(f"overpaint.{name}")
    if name == "__version__":
        from importlib.metadata import version

        return version("overpaint")
    raise AttributeError(f"module 'overpaint' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
