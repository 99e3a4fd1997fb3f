"""No test reaches for the network, or keeps anything: whoever opens a connection fails."""

import socket
import sys
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import pytest

ATTEMPTS: list[str] = []


def refuse(event: str, arguments: tuple[Any, ...]) -> None:
    """An audit hook: it also sees what libraries do by themselves, in any thread."""
    if event in ("socket.connect", "socket.sendto", "socket.getaddrinfo"):
        if getattr(arguments[0], "family", None) == socket.AF_UNIX:  # between processes
            return
        ATTEMPTS.append(f"{event} {arguments[-4:]}")
        raise AssertionError("a test reached for the network")


sys.addaudithook(refuse)


@pytest.fixture(autouse=True)
def no_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    """What one test fits is not found by another."""
    monkeypatch.setattr("overpaint.trajectories.cache", lambda: None)


@pytest.fixture(autouse=True)
def no_network() -> Iterator[list[str]]:
    """Fails a test also where the refusal was caught; the list is of the attempts."""
    ATTEMPTS.clear()
    yield ATTEMPTS
    assert not ATTEMPTS


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str, ModuleType | None], None]]:
    """Puts a stand-in for a library in its place; None stands for none."""
    from overpaint.metrics import perceptual

    perceptual._kept.cache_clear()
    yield lambda name, module: monkeypatch.setitem(sys.modules, name, module)
    perceptual._kept.cache_clear()
