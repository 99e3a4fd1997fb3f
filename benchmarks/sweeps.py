"""Options of every method on validation edits: a default stands unless another is surely better."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from benchmarks.row import Results
from overpaint.bench.making import Setting
from overpaint.bench.portraits import Portrait
from overpaint.bench.running import run
from overpaint.bench.sweeping import combinations, tried
from overpaint.bench.ways import Way
from overpaint.portraits.tasks import edits

SIZE, EDITS = 128, 43  # one edit of each kind
FOLDER = Path("runs/sweep")
Grid = Mapping[str, Sequence[str]]
GRIDS: Mapping[tuple[str, str], Sequence[Grid]] = {
    ("blended", "portraits"): [{"strength": ["0.65", "0.9"]}, {"guidance_scale": ["0.8", "2"]}],
    ("blended", "portraits-latent"): [
        {"strength": ["0.65", "0.9"]},
        {"guidance_scale": ["7.5"]},
    ],
    ("clip-latent", "portraits"): [{"loss": ["global"]}],
    ("diffedit", "portraits-latent"): [
        {"mask_encode_strength": ["0.5", "0.8"]},
        {"guidance_scale": ["7.5"]},
        {"inversion": ["edit-friendly"]},
    ],
    ("prompt-to-prompt", "portraits-latent"): [
        {"local_blend": ["off"]},
        {"cross_replace": ["0.2"]},
        {"blend_threshold": ["0.35"]},
    ],
    ("sdedit", "portraits-latent"): [
        {"strength": ["0.6", "0.7", "0.8"]},
        {"guidance_scale": ["7.5"]},
    ],
}
"""Of a method on a model, what is tried, each beside the defaults."""
TOLD = ("overall", "gain", "gain from", "gain to", "nearer", "better", "edits")


def measured() -> dict[str, float]:
    """What each way reaches and gains; runs go on in `runs/sweep` where they were stopped."""
    found = {}
    for method, model in GRIDS:
        base = Way(method, model)
        rows = [*run(_tasks(), _ways(method, model), _setting(f"{method}-{model}"))]
        for one in tried(rows, base.name):
            numbers = one.overall.mean, one.gain.mean, one.gain.low, one.gain.high
            more = one.nearer.mean, one.better, one.overall.count
            told = zip(TOLD, (*numbers, *more), strict=True)
            found |= {f"{one.way}: {name}": float(number) for name, number in told}
    return found


def table(results: Results) -> str:
    """A line for each way; what is surely better than the default is in bold."""
    head = "| way | overall, % | gain on the default | nearer, dB | edits |\n|---|---|---|---|---|"
    return "\n".join([head, *_lines(results["sweeps"])])


def _lines(found: Mapping[str, float]) -> Iterator[str]:
    for way in dict.fromkeys(name.rpartition(": ")[0] for name in found):
        overall, gain, low, high, nearer, better, edits = (found[f"{way}: {n}"] for n in TOLD)
        told = f"{100 * gain:+.1f} ({100 * low:+.1f} .. {100 * high:+.1f}) | {nearer:+.2f}"
        default, name = "=" not in way, f"**{way}**" if better else way
        yield f"| {name} | {100 * overall:.1f} | {'- | -' if default else told} | {edits:.0f} |"


def _tasks() -> list[Portrait]:
    return [Portrait(edit, SIZE) for edit in edits("validation", EDITS)]


def _ways(method: str, model: str) -> list[Way]:
    each = (way for grid in GRIDS[method, model] for way in combinations(method, model, grid))
    return list({way.name: way for way in each}.values())


def _setting(name: str) -> Setting:
    return Setting(FOLDER / name, 0, {"size": SIZE})
