"""Progress: a wrapper around whatever is iterated, in the shape of tqdm."""

from collections.abc import Iterable, Iterator
from typing import Protocol, TypeVar

T = TypeVar("T")


class Watch(Protocol):
    """Yields the items it is given while somebody looks on; may raise to cancel."""

    def __call__(self, items: Iterable[T], total: int | None, label: str, /) -> Iterator[T]: ...


def unwatched(items: Iterable[T], total: int | None, label: str, /) -> Iterator[T]:
    """The items, and nobody looks on."""
    return iter(items)
