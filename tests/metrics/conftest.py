"""Metrics by libraries that are not installed where this is tested."""

import sys
from collections.abc import Callable, Iterator
from types import ModuleType

import pytest

from overpaint.metrics import perceptual


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Puts a stand-in for a library in its place; None stands for none."""
    perceptual._kept.cache_clear()

    def put(name: str, module: ModuleType | None) -> None:
        monkeypatch.setitem(sys.modules, name, module)

    yield put
    perceptual._kept.cache_clear()
