"""What was asked of edits that swap one word of a caption."""

from collections.abc import Callable, Mapping

from benchmarks.row import Row, at
from benchmarks.swapped import KINDS

RUN = "python -m benchmarks"


def diffedit() -> list[Row]:
    """As asked, kept, and the background of every kind; the mask."""
    found = [row for kind in KINDS for row in swaps("diffedit", kind, asked=0.75, decibels=30)]
    overlap = at("diffedit", "mask, IoU")
    return [
        *found,
        Row("mask against the true region: IoU", f"{RUN} diffedit", overlap, 0.5, ".2f"),
    ]


METHODS: Mapping[str, Callable[[], list[Row]]] = {"diffedit": diffedit}


def swaps(method: str, kind: str, *, asked: float, decibels: float) -> list[Row]:
    """Of one kind."""
    command = f"{RUN} {method}"
    return [
        Row(f"{kind}: as asked", command, at(method, f"{kind}: asked"), asked),
        Row(f"{kind}: kept", command, at(method, f"{kind}: kept"), 0.85),
        Row(
            f"{kind}: background, dB",
            command,
            at(method, f"{kind}: background, dB"),
            decibels,
            ".1f",
        ),
    ]
