"""What was asked of edits inside a mask: by Blended Diffusion and by SDEdit."""

from collections.abc import Callable, Mapping

from benchmarks.candidates import COUNT
from benchmarks.local import KINDS
from benchmarks.row import Results, Row, at

RUN = "python -m benchmarks"


def blended() -> list[Row]:
    """Edits in their true regions, their seconds, their candidates, and what lies outside."""
    return [*regions(), *seconds(), by_rank(), untouched("blended")]


def sdedit() -> list[Row]:
    """Strokes made real, and what lies outside."""
    label = "strokes to portraits at the automatic strength: valid"
    valid = Row(label, f"{RUN} tradeoff", at("tradeoff", "edits: valid"), 0.80)
    return [valid, untouched("sdedit")]


METHODS: Mapping[str, Callable[[], list[Row]]] = {"blended": blended, "sdedit": sdedit}


def regions() -> list[Row]:
    """As asked and kept of every kind, and what it costs to be free of the network's gradient."""
    command, found = f"{RUN} local", []
    for way in ("exact", "free"):
        for kind in KINDS:
            for what, bar in (("asked", 0.80 if way == "exact" else 0.75), ("kept", 0.95)):
                label = f"{kind}, {way}: {'as asked' if what == 'asked' else what}"
                found.append(Row(label, command, at("local", f"{kind}, {way}: {what}"), bar))
    label = "free: fewer as asked than exact, mean of all kinds"
    return [*found, Row(label, command, fewer, 0.05, more=False)]


def fewer(results: Results) -> float:
    """By how much the free gradient's share as asked is less than the exact one's."""
    found = results["local"]
    lost = [found[f"{kind}, exact: asked"] - found[f"{kind}, free: asked"] for kind in KINDS]
    return sum(lost) / len(lost)


def seconds() -> list[Row]:
    """Of one candidate alone and of one among sixteen, and what the free gradient saves."""
    command, found = f"{RUN} candidates", []
    for way, bar in (("exact", 5.0), ("free", 2.5)):
        one = at("candidates", f"{way}: one candidate, seconds")
        each = at("candidates", f"{way}: each of {COUNT}, seconds")
        found.append(Row(f"one candidate, {way}", command, one, bar, "s", more=False))
        label = f"each of {COUNT} in a batch, {way}"
        found.append(Row(label, command, each, bar / 2, "s", more=False))
    share = at("candidates", "free: share of the seconds")
    return [*found, Row("free: seconds against exact", command, share, 0.45, more=False)]


def by_rank() -> Row:
    """What a ranking is worth."""
    label, lead = "best quarter by rank above the worst: as asked", "best quarter over worst"
    return Row(label, f"{RUN} candidates", at("candidates", lead), 0.15)


def untouched(method: str) -> Row:
    """Whether anything outside of a mask has changed in any file."""
    label = f"{method}: files of 64 with a byte changed outside of the mask"
    value = at("outside", f"{method}: files of 64 changed outside")
    return Row(label, f"{RUN} outside", value, 0, ".0f", more=False)
