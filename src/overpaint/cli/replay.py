"""`overpaint replay`: do an edit again from the record in its picture."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from overpaint.cli import flags, inputs, keeping, masks, outputs
from overpaint.cli.progress import watching
from overpaint.cli.terminal import Terminal, given
from overpaint.data.sources import shown

if TYPE_CHECKING:
    from overpaint.replaying import Replay


def replay(
    terminal: Terminal,
    picture: Annotated[Path, typer.Argument(help="An output of Overpaint, record and all.")],
    image: Annotated[
        Path | None, typer.Option("--image", help="The original, or one between, if not found.")
    ] = None,
    mask: Annotated[
        list[Path] | None, typer.Option("--mask", help="A mask, likewise; repeatable.")
    ] = None,
    model: Annotated[
        str | None, typer.Option("-m", "--model", help="The model, where it was a folder.")
    ] = None,
    adapter: flags.Adapter = None,
    clip: flags.Clip = None,
    trajectory: flags.Trajectory = None,
    out: Annotated[
        str | None, typer.Option("-o", "--out", help="Write the picture again, too.")
    ] = None,
    overwrite: flags.Overwrite = False,
    max_pixels: flags.MaxPixels = None,
    device: flags.Device = "auto",
    as_json: flags.Json = False,
) -> None:
    """Do an edit again and say whether the pixels are the same (exit 1 where they are not)."""
    from overpaint.replaying import replay as replay_picture

    names = [] if out is None else [picture.name]
    paths = outputs.targets(out, names, piped=False, as_json=as_json, overwrite=overwrite)
    limits = given(None, max_pixels=max_pixels)
    read = [*masks.of(None, None, adapter), *(mask or []), trajectory]
    keeping.check(paths, read, overwrite=overwrite)
    if paths:
        inputs.picture(str(picture), paths, **limits)
    again = replay_picture(
        picture,
        image=image,
        mask=mask,
        model=model,
        adapter=adapter or None,
        clip=clip,
        trajectory=trajectory,
        device=device,
        watch=watching(terminal),
        **limits,
    )
    made, record = again.result.images[0], again.result.record
    written = [outputs.written_to(path, made, record, overwrite=overwrite) for path in paths]
    if as_json:
        told: dict[str, object] = {"picture": str(picture)}
        told |= {"path": next((str(each) for each in written), None)}
        told |= {"verdict": again.verdict, "largest": again.largest, "share": again.share}
        told |= {"changed": again.changed, "seconds": again.result.seconds}
        terminal.line({**told, "steps": _steps(again)})
    else:
        tell = terminal.say if None in paths else terminal.result  # stdout may hold the picture
        for line in _shown(again):
            tell(line)
        tell(f"{picture}: {again.verdict}")
    for change in again.changed:
        terminal.say(f"note:  {change}")
    if again.verdict == "differs":
        raise typer.Exit(1)


def _steps(again: "Replay") -> list[dict[str, object]]:
    """Every edit from the original on, as plain data."""
    return [
        {
            "input": step.input,
            "method": step.method,
            "model": step.model,
            "prompt": step.prompt,
            "regions": [region.prompt for region in step.regions],
            "again": number >= again.start,
        }
        for number, step in enumerate(again.steps)
    ]


def _shown(again: "Replay") -> Iterator[str]:
    """A line for each edit of a chain, none for one alone."""
    for number, step in enumerate(again.steps if len(again.steps) > 1 else (), start=1):
        texts = [step.prompt, *(region.prompt for region in step.regions)]
        asked = ", ".join(shown(text) for text in texts if text)
        how = f"{step.method} with {step.model}" + (f": {asked}" if asked else "")
        done = "" if number > again.start else " (not done again)"
        yield f"{number}. {shown(step.input) or 'a pipe'}, {how}{done}"
