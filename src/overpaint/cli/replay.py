"""`overpaint replay`: do an edit again from the record in its picture."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from overpaint.cli import flags, outputs
from overpaint.cli.progress import watching
from overpaint.cli.terminal import Terminal


def replay(
    terminal: Terminal,
    picture: Annotated[Path, typer.Argument(help="An output of Overpaint, record and all.")],
    image: Annotated[
        Path | None, typer.Option("--image", help="The original, where it is not found by name.")
    ] = None,
    mask: Annotated[Path | None, typer.Option("--mask", help="The mask, likewise.")] = None,
    model: Annotated[
        str | None, typer.Option("-m", "--model", help="The model, where it was a folder.")
    ] = None,
    out: Annotated[
        str | None, typer.Option("-o", "--out", help="Write the picture again, too.")
    ] = None,
    overwrite: flags.Overwrite = False,
    device: flags.Device = "auto",
    as_json: flags.Json = False,
) -> None:
    """Do an edit again and say whether the pixels are the same (exit 1 where they are not)."""
    from overpaint.data.writing import write_stream
    from overpaint.replaying import replay as replay_picture

    path = None
    if out is not None:
        (path,) = outputs.targets(
            out, [picture.name], piped=False, as_json=as_json, overwrite=overwrite
        )
    again = replay_picture(
        picture, image=image, mask=mask, model=model, device=device, watch=watching(terminal)
    )
    if path is not None:
        again.result.save(path, overwrite=overwrite)
    elif out is not None:
        write_stream(again.result.images[0], sys.stdout.buffer, again.result.record)
        terminal.say(f"{picture}: {again.verdict}")
    if as_json:
        told: dict[str, object] = {"picture": str(picture), "path": path and str(path)}
        told |= {"verdict": again.verdict, "largest": again.largest, "share": again.share}
        terminal.line({**told, "changed": again.changed, "seconds": again.result.seconds})
    elif path is not None or out is None:
        terminal.result(f"{picture}: {again.verdict}")
    for change in again.changed:
        terminal.say(f"note:  {change}")
    if again.verdict == "differs":
        raise typer.Exit(1)
