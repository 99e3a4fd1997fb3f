"""Every method on 200 edits of Portraits-CF: the table of docs/bench.md."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from benchmarks.row import Results
from overpaint.bench.columns import COLUMNS
from overpaint.bench.making import Setting
from overpaint.bench.portraits import Portrait
from overpaint.bench.running import run
from overpaint.bench.summary import lines
from overpaint.bench.ways import ways
from overpaint.portraits.changes import CHANGES
from overpaint.portraits.tasks import edits

SIZE, EDITS = 128, 200
FOLDER = Path("runs/portraits-cf")
SHOWN = ("success", "kept", "psnr", "background_psnr", "clip_direction", "identity", "seconds")
ENDS = ("", " from", " to")


def measured() -> dict[str, float]:
    """Means with their intervals; as `overpaint bench portraits -n 200 -o runs/portraits-cf`."""
    tasks = [Portrait(edit, SIZE) for edit in edits("test", EDITS)]
    found = {}
    others = tasks[: len(CHANGES)]
    for line in lines(run(tasks, ways(), Setting(FOLDER, 0, {"size": SIZE}), others=others)):
        found[f"{line.way}: edits"] = float(line.edits)
        for name in SHOWN:
            mean = line.scores[name]
            if mean.count:
                told = zip(ENDS, (mean.mean, mean.low, mean.high), strict=True)
                found |= {f"{line.way}: {name}{end}": number for end, number in told}
    return found


def table(results: Results) -> str:
    """A line for each way, its means with their intervals."""
    names = (f"{name.replace('_', ' ')} {COLUMNS[name].unit}".rstrip() for name in SHOWN)
    head = f"| way | edits | {' | '.join(names)} |\n|---|---|{'---|' * len(SHOWN)}"
    return "\n".join([head, *_lines(results["portraits-cf"])])


def _lines(found: Mapping[str, float]) -> Iterator[str]:
    for way in dict.fromkeys(name.rpartition(": ")[0] for name in found):
        numbers = " | ".join(
            _number(found, f"{way}: {name}", COLUMNS[name].scale) for name in SHOWN
        )
        yield f"| {way} | {found[f'{way}: edits']:.0f} | {numbers} |"


def _number(found: Mapping[str, float], name: str, scale: float) -> str:
    if name not in found:
        return "-"
    middle, low, high = (scale * found[f"{name}{end}"] for end in ENDS)
    return f"{middle:.3g} ({low:.3g}..{high:.3g})"
