"""`overpaint score`: how close pictures are to others and to texts."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from overpaint.cli import flags
from overpaint.cli.progress import watching
from overpaint.cli.terminal import Terminal, given

if TYPE_CHECKING:
    from overpaint.bench.scoring import Scored, Scoring
    from overpaint.bench.sets import Sets


def score(
    terminal: Terminal,
    images: Annotated[list[Path], typer.Argument(help="Pictures, or folders of them.")],
    against: Annotated[
        Path | None, typer.Option("--against", help="The source: a picture, or a folder by name.")
    ] = None,
    mask: Annotated[
        Path | None, typer.Option("--mask", help="White = was to change; or a folder by name.")
    ] = None,
    prompt: Annotated[str, typer.Option("-p", "--prompt", help="What they shall show.")] = "",
    source_prompt: Annotated[
        str, typer.Option("--source-prompt", help="What the source shows.")
    ] = "",
    real: Annotated[
        Path | None, typer.Option("--real", help="A folder of real pictures to compare all with.")
    ] = None,
    features: Annotated[
        str | None, typer.Option("--features", help="For --real: clip, judge or inception.")
    ] = None,
    metric: Annotated[
        list[str] | None, typer.Option("--metric", help="Only this one. Repeatable.")
    ] = None,
    clip: Annotated[
        str, typer.Option("--clip", help="Folder, file or hub id of a CLIP; else embedded.")
    ] = "",
    dino: Annotated[str, typer.Option("--dino", help="Folder or hub id of a DINO.")] = "",
    max_pixels: flags.MaxPixels = None,
    device: flags.Device = "auto",
    as_json: flags.Json = False,
) -> None:
    """Score pictures against their sources, a text, or real pictures, as far as these are given."""
    from overpaint.bench.looking import Looks
    from overpaint.bench.scoring import Asked, scoring

    limits = given(None, max_pixels=max_pixels)
    asked = Asked(images, against, mask, real, features, metric or (), **limits)
    work = scoring(asked, Looks(prompt, source_prompt, clip, dino, device))
    found = []
    for each in work.each(watching(terminal)):
        found.append(each)
        if as_json:
            names = (each.pair.made, each.pair.against)
            terminal.line({**_named(*names), **each.scores})
    sets = work.sets(watching(terminal))
    if as_json and sets is not None:
        terminal.line({**_named(None, None, real), "pictures": sets.made, **sets.scores})
    if not as_json:
        terminal.table(_table(work, found, sets))
    _note(terminal, work, sets)


def _named(
    path: Path | None, against: Path | None, real: Path | None = None
) -> dict[str, str | None]:
    each = {"path": path, "against": against, "real": real}
    return {name: None if value is None else str(value) for name, value in each.items()}


def _table(work: "Scoring", found: "list[Scored]", sets: "Sets | None") -> list[tuple[str, ...]]:
    """The titles, and a line for each metric."""
    from overpaint.metrics import metrics

    known = metrics()
    rows = [
        (name, *_told([each.scores[name] for each in found if name in each.scores]))
        for name in work.names
    ]
    if sets is not None:
        of = f"{sets.made} and {sets.real}" if sets.real else f"{sets.made}"
        rows += [(name, f"{value:.4g}", of) for name, value in sets.scores.items()]
    ends = ((row, known[row[0]]) for row in rows)
    titles = ("METRIC", "MEAN", "PICTURES", "BETTER", "UNIT")
    return [titles, *((*row, of.better, of.unit) for row, of in ends)]


def _told(values: list[float]) -> tuple[str, str]:
    """The mean with its interval, and of how many; an infinite one has no place in a mean."""
    import math

    from overpaint.bench.summary import mean

    endless = [value for value in values if math.isinf(value)]
    of = mean(values)
    count = f"{of.count} and {len(endless)} infinite" if endless and of.count else f"{len(values)}"
    if not of.count:
        return (f"{endless[0]:g}" if endless else "-"), count
    if of.count == 1:
        return f"{of.mean:.4g}", count
    return f"{of.mean:.4g} ({of.low:.4g}..{of.high:.4g})", count


def _note(terminal: Terminal, work: "Scoring", sets: "Sets | None") -> None:
    """What was left out, and how far the numbers can be trusted."""
    for pair in work.pairs:
        lacking = {"--against": work.asked.against and not pair.against}
        lacking |= {"--mask": work.asked.mask and not pair.mask}
        for flag in (flag for flag, lacks in lacking.items() if lacks):
            terminal.say(f"note:  {pair.made} has no partner in {flag}")
    if sets is not None and sets.few:
        why = f"of {sets.width} features, few pictures make it larger"
        terminal.say(f"note:  compare fid with that of as many pictures alone: {why}")
