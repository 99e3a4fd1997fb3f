"""`overpaint tradeoff`: what strength gains in realism and costs in faithfulness."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from overpaint.cli import flags, keeping, outputs
from overpaint.cli.progress import watching
from overpaint.cli.terminal import Terminal, given
from overpaint.errors import OptionError, OutputError, OutputExistsError

if TYPE_CHECKING:
    from overpaint.trading import Curve


def tradeoff(
    terminal: Terminal,
    guides: Annotated[list[str], typer.Argument(help="Pictures to edit.")],
    model: flags.Model = "portraits",
    real: Annotated[
        str, typer.Option("--real", help="A folder of real pictures; else rendered portraits.")
    ] = "",
    strengths: Annotated[
        str, typer.Option("--strengths", metavar="A,B,...", help="Noise levels to try.")
    ] = "0.2,0.3,0.4,0.5,0.6,0.7,0.8",
    count: Annotated[
        int | None, typer.Option("-n", "--count", min=1, help="Edits of each; else eight in all.")
    ] = None,
    steps: flags.Steps = None,
    seed: flags.Seed = 0,
    option: flags.Options = None,
    out: Annotated[str | None, typer.Option("-o", "--out", help="The plot: a file.")] = None,
    numbers: Annotated[Path | None, typer.Option("--csv", help="The numbers: a file.")] = None,
    overwrite: flags.Overwrite = False,
    device: flags.Device = "auto",
    dtype: flags.Dtype = "auto",
    as_json: flags.Json = False,
) -> None:
    """Edit pictures by SDEdit at several strengths: distance from the guide, realism, bound."""
    names = [] if out is None else ["tradeoff.png"]
    paths = outputs.targets(out, names, piped=False, as_json=as_json, overwrite=overwrite)
    _check_new(numbers, overwrite=overwrite)
    shown = Path(real).glob("*") if real else ()
    keeping.check([*paths, numbers], [*guides, *shown], overwrite=overwrite)
    tried = _numbers(strengths)

    from overpaint.data.placing import place
    from overpaint.trading import tradeoff as measure

    curve = measure(
        guides,
        model=model,
        real=real,
        strengths=tried,
        count=count,
        seed=seed,
        device=device,
        dtype=dtype,
        watch=watching(terminal),
        **given(option, num_inference_steps=steps),
    )
    written = [outputs.written_to(path, curve.chart(), overwrite=overwrite) for path in paths]
    if numbers is not None:
        place(curve.csv().encode(), numbers, overwrite=overwrite)
    _tell(terminal, curve, written[0] if written else None, as_json=as_json)


def _tell(terminal: Terminal, curve: "Curve", path: Path | None, *, as_json: bool) -> None:
    if as_json:
        found = {"knee": curve.knee, "pictures": curve.pictures}
        plot = None if path is None else str(path)
        terminal.line({**found, "path": plot, "points": [asdict(p) for p in curve.points]})
        return
    rows = [("STRENGTH", "L2", "KID", "BOUND ON L2")]
    for point in curve.points:
        bound = "-" if point.bound is None else f"{point.bound:.4g}"
        values = f"{point.faithfulness:.4g}", f"{point.realism:.4f}", bound
        rows.append((f"{point.strength:g}", *values))
    terminal.table(rows)
    terminal.result(f"knee: strength {curve.knee:g}")
    if path is not None:
        terminal.result(str(path))


def _check_new(numbers: Path | None, *, overwrite: bool) -> None:
    """Refuses a table that could not be written, before any work."""
    if numbers is None:
        return
    if not numbers.parent.is_dir():
        why, hint = "its folder does not exist", "make it first, or choose another"
        raise OutputError(f"cannot write {numbers}", why, hint)
    if numbers.exists() and not overwrite:
        why, hint = "it exists already", "choose another name, or give --overwrite"
        raise OutputExistsError(f"cannot write {numbers}", why, hint)


def _numbers(text: str) -> list[float]:
    try:
        return [float(part) for part in text.split(",") if part.strip()]
    except ValueError as error:
        what = f"--strengths {text!r:.40} is no list of numbers"
        raise OptionError(what, hint="Write it as 0.2,0.4,0.6.") from error
