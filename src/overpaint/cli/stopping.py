"""What an interruption leaves: how much is finished, and how to go on."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")


class Interrupted(KeyboardInterrupt):
    """Somebody stopped the work; why and hint are for the person."""

    def __init__(self, done: str = "", hint: str = "run the same command again") -> None:
        super().__init__()
        self.why = "; ".join(filter(None, ("a signal asked to stop", done)))
        self.hint = hint


@contextmanager
def resumable(results: Iterable[T], seeds: range) -> Iterator[Iterator[T]]:
    """The results, one for each seed or for all; an interruption tells how to make the rest.

    Raises:
        Interrupted: some of them were finished: the one after them had been asked for.
    """
    done = 0

    def counted() -> Iterator[T]:
        nonlocal done
        for result in results:
            yield result
            done += 1
        done = len(seeds)

    try:
        yield counted()
    except KeyboardInterrupt as error:
        if not done:
            raise
        raise Interrupted(*_told(seeds, done)) from error


def _told(seeds: range, done: int) -> tuple[str, str]:
    """How much there is, and what to do."""
    if done == len(seeds):
        hint = "take them as they are; the same command would make them again"
        return "all pictures are finished", hint
    how = f"--seed {seeds[done]} -n {len(seeds) - done}"
    finished = f"{done} of {len(seeds)} pictures are finished"
    return finished, f"make the rest by the same command with {how}"
