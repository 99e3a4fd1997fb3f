"""Packages that can be called: `overpaint.methods()` lists what is in `overpaint.methods`."""

import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any


def callable_package(name: str, listing: Callable[[], Any]) -> None:
    """Let the package `name` be called; a submodule and a function cannot share their name."""
    kind = type("CallablePackage", (ModuleType,), {"__call__": lambda self: listing()})
    sys.modules[name].__class__ = kind
