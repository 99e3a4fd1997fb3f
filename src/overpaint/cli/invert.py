"""`overpaint invert`: to noise and back, and what was lost on the way."""

import sys
from typing import Annotated

import typer

from overpaint.cli import flags, outputs
from overpaint.cli.progress import watching
from overpaint.cli.terminal import Terminal


def invert(
    terminal: Terminal,
    image: Annotated[str, typer.Argument(help="A picture; - for stdin.")],
    model: flags.Model = "portraits",
    strength: Annotated[
        float, typer.Option("--strength", help="How far up the path, in (0, 1].")
    ] = 0.5,
    steps: Annotated[int, typer.Option("--steps", min=1, help="Moves each way.")] = 40,
    out: Annotated[
        str | None, typer.Option("-o", "--out", help="Write the reconstruction: a file or -.")
    ] = None,
    overwrite: flags.Overwrite = False,
    device: flags.Device = "auto",
    dtype: flags.Dtype = "auto",
    as_json: flags.Json = False,
) -> None:
    """Invert a picture, reconstruct it, and report MAE, PSNR and SSIM."""
    names = ["reconstruction.png"]
    (path,) = (
        outputs.targets(out, names, piped=False, as_json=as_json, overwrite=overwrite)
        if out is not None
        else [None]
    )
    source = outputs.source(image)

    from overpaint.data.writing import write_image, write_stream
    from overpaint.inverting import reconstruct

    found = reconstruct(
        source,
        model=model,
        strength=strength,
        steps=steps,
        device=device,
        dtype=dtype,
        watch=watching(terminal),
    )
    if path is not None:
        write_image(found.image, path, overwrite=overwrite)
    elif out is not None:
        write_stream(found.image, sys.stdout.buffer)
        return
    if as_json:
        told = {"image": image, "path": None if path is None else str(path), "model": model}
        terminal.line({**told, **found.figures()})
        return
    rows = [(name, f"{value:.5g}") for name, value in found.figures().items()]
    terminal.table(rows)
