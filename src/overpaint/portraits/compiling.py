"""Compiling the renderer with numba, kept on disk until a source of this package changes."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
from platformdirs import user_cache_path

jit = numba.njit(fastmath=True, inline="never", error_model="numpy")
"""For a function that compiled ones call."""


def entry(function: Callable[..., Any]) -> Any:
    """Compile a function that Python calls, without the interpreter's lock, and keep the result.

    Numba looks at the file of `function` alone to tell whether what it kept is stale; here the
    folder's name depends on every source that `function` may call.
    """
    settings: Any = numba.config
    before = settings.CACHE_DIR
    root = Path(before) if before else user_cache_path("overpaint", appauthor=False) / "compiled"
    settings.CACHE_DIR = str(root / _sources())
    try:
        keep = numba.njit(fastmath=True, cache=True, nogil=True, error_model="numpy")
        return keep(function)
    finally:
        settings.CACHE_DIR = before


def _sources() -> str:
    digest = hashlib.sha256()
    for file in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]
