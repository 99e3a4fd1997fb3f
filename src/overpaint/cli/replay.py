"""`overpaint replay`: do an edit again from the record in its picture."""

from pathlib import Path
from typing import Annotated

import typer

from overpaint.cli import flags, inputs, outputs
from overpaint.cli.progress import watching
from overpaint.cli.terminal import Terminal, given


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
    adapter: flags.Adapter = None,
    clip: flags.Clip = None,
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
    if paths:
        inputs.picture(str(picture), paths, **limits)
    again = replay_picture(
        picture,
        image=image,
        mask=mask,
        model=model,
        adapter=adapter or None,
        clip=clip,
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
        terminal.line({**told, "changed": again.changed, "seconds": again.result.seconds})
    else:
        tell = terminal.say if None in paths else terminal.result  # stdout may hold the picture
        tell(f"{picture}: {again.verdict}")
    for change in again.changed:
        terminal.say(f"note:  {change}")
    if again.verdict == "differs":
        raise typer.Exit(1)
