"""What was asked of edits that swap one word of a caption."""

from collections.abc import Callable, Mapping
from functools import partial

from benchmarks.row import Row, at
from benchmarks.swapped import ALL, KINDS

RUN = "python -m benchmarks"


def swaps(method: str, *, asked: float, decibels: float, seconds: Mapping[str, float]) -> list[Row]:
    """As asked, kept, and the background, of all and every kind; seconds of the ways to edit."""
    kinds = (ALL, *KINDS)
    found = [row for kind in kinds for row in _of(method, kind, asked=asked, decibels=decibels)]
    for way, bar in seconds.items():
        label, value = f"{way}: one edit, model loaded", at("speed", f"{way}, model loaded")
        found.append(Row(label, f"{RUN} speed", value, bar, "s", more=False))
    return found


def _of(method: str, kind: str, *, asked: float, decibels: float) -> list[Row]:
    command, seen = f"{RUN} {method}", f"{kind}: background, dB"
    return [
        Row(f"{kind}: as asked", command, at(method, f"{kind}: asked"), asked),
        Row(f"{kind}: kept", command, at(method, f"{kind}: kept"), 0.85),
        Row(seen, command, at(method, seen), decibels, ".1f"),
    ]


def diffedit() -> list[Row]:
    """Besides these, its mask."""
    overlap = at("diffedit", f"{ALL}: mask, IoU")
    return [
        *swaps("diffedit", asked=0.75, decibels=30, seconds={"diffedit": 10}),
        Row("mask against the true region: IoU", f"{RUN} diffedit", overlap, 0.5, ".2f"),
    ]


METHODS: Mapping[str, Callable[[], list[Row]]] = {
    "diffedit": diffedit,
    "prompt-to-prompt": partial(
        swaps,
        "prompt-to-prompt",
        asked=0.80,
        decibels=27,
        seconds={"prompt-to-prompt, direct": 10, "prompt-to-prompt, edit-friendly": 8},
    ),
}
