"""Options tried on the same edits: what each gains on the default, edit by edit."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from overpaint.bench.rows import Row
from overpaint.bench.summary import Mean, mean
from overpaint.bench.ways import Way
from overpaint.methods.registry import find, parse_options

FEWEST = 20  # edits of which something can be said


@dataclass(frozen=True)
class Tried:
    """A way beside the default: how well it does, and by how much better.

    overall: of each edit, the share of the other attributes kept if it was done as asked, else 0.
    gain: in that, on the default. nearer: dB by which its pictures are nearer to the true edits.
    """

    way: str
    default: bool
    overall: Mean
    gain: Mean
    nearer: Mean

    @property
    def better(self) -> bool:
        """Whether it surely does more as asked, and is not surely further from the truth."""
        return self.gain.count >= FEWEST and self.gain.low > 0 and not self.nearer.high < 0


def combinations(method: str, model: str, grid: Mapping[str, Sequence[str]]) -> list[Way]:
    """The defaults first, then each combination of the values that differs from them.

    Raises:
        OptionError: the method has no such option or value.
    """
    found = find(method)
    default = parse_options(found, {})
    ways = [Way(method, model)]
    for values in product(*grid.values()):
        given = dict(zip(grid, values, strict=True))
        options = parse_options(found, given)
        other = {k: v for k, v in given.items() if getattr(options, k) != getattr(default, k)}
        ways.append(Way(method, model, other))
    return list({way.name: way for way in ways}.values())


def tried(rows: Iterable[Row], default: str) -> list[Tried]:
    """Of each way, by its rows and those of the way called `default`; the best overall first."""
    found: dict[str, dict[str, Row]] = {}
    for row in rows:
        if "left_out" not in row:
            found.setdefault(row["way"], {})[row["edit"]] = row
    base = found.get(default, {})
    each = [_tried(way, of, base, default) for way, of in found.items()]
    return sorted(each, key=lambda one: -one.overall.mean)


def overall(row: Row) -> float:
    """Done as asked and everything else kept: in [0, 1]."""
    return float(row["success"]) * float(row.get("kept") or 0.0)


def _tried(way: str, of: Mapping[str, Row], base: Mapping[str, Row], default: str) -> Tried:
    both = [(row, base[edit]) for edit, row in of.items() if edit in base]
    gains = [overall(row) - overall(before) for row, before in both]
    known = [each for each in both if all(row.get("psnr") is not None for row in each)]
    nearer = [row["psnr"] - before["psnr"] for row, before in known]
    whole = mean([overall(row) for row in of.values()])
    return Tried(way, way == default, whole, mean(gains), mean(nearer))
