"""`overpaint faces`: the faces in a picture, as `edit --face` numbers them."""

from dataclasses import asdict
from typing import Annotated

import typer

from overpaint.cli import flags, inputs, outputs
from overpaint.cli.terminal import Terminal, given


def faces(
    terminal: Terminal,
    image: Annotated[str, typer.Argument(help="A picture; - for stdin.")],
    out: Annotated[
        str | None, typer.Option("-o", "--out", help="Write it with the faces marked: a file or -.")
    ] = None,
    overwrite: flags.Overwrite = False,
    max_pixels: flags.MaxPixels = None,
    as_json: flags.Json = False,
) -> None:
    """List the faces in a picture from left to right: place, size, tilt."""
    names = [] if out is None else ["faces.png"]
    paths = outputs.targets(out, names, piped=False, as_json=as_json, overwrite=overwrite)
    picture = inputs.picture(image, paths, **given(None, max_pixels=max_pixels))

    from overpaint.data.faces import faces as find
    from overpaint.data.marking import marked

    found = find(picture)
    for path in paths:
        outputs.written_to(path, marked(picture, found), overwrite=overwrite)
    numbered = list(enumerate(found, start=1))
    if as_json:
        for number, face in numbered:
            terminal.line({"number": number, **asdict(face)})
        return
    rows = [
        (str(number), *(f"{value:g}" for value in asdict(face).values()))
        for number, face in numbered
    ]
    table = [("FACE", "X", "Y", "SIZE", "TILT", "SCORE"), *rows]
    if None in paths:  # stdout holds the picture
        terminal.say("\n".join("  ".join(row) for row in table))
    else:
        terminal.table(table)
