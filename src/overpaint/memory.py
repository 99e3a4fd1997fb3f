"""When memory runs out, whoever says it: Python, torch's allocator or a GPU."""

from collections.abc import Iterator
from contextlib import contextmanager

from overpaint.errors import OutOfMemoryError

_WORDS = ("out of memory", "allocate memory", "not enough memory")


def ran_out(error: BaseException) -> bool:
    """Whether `error` is about memory; torch's allocator says so in words alone."""
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    return isinstance(error, RuntimeError) and any(w in str(error).lower() for w in _WORDS)


@contextmanager
def memory_errors(what: str) -> Iterator[None]:
    """Say it as ours when `what` does not fit into memory."""
    try:
        yield
    except Exception as error:
        if isinstance(error, OutOfMemoryError) or not ran_out(error):
            raise
        raise OutOfMemoryError(
            f"The {what} does not fit into memory",
            next(iter(str(error).splitlines()), ""),
            "Use a smaller picture or model, fewer images, or --device cpu.",
        ) from error
