"""`overpaint invert`: to noise and back, and what was lost on the way."""

from typing import Annotated

import typer

from overpaint.cli import flags, inputs, outputs
from overpaint.cli.progress import watching
from overpaint.cli.terminal import Terminal, given


def invert(
    terminal: Terminal,
    image: Annotated[str, typer.Argument(help="A picture; - for stdin.")],
    model: flags.Model = "portraits",
    strength: Annotated[
        float, typer.Option("--strength", help="How far up the path, in (0, 1].")
    ] = 0.5,
    steps: Annotated[int, typer.Option("--steps", min=1, help="Moves each way.")] = 40,
    inversion: flags.Invert = "ddim",
    out: Annotated[
        str | None, typer.Option("-o", "--out", help="Write the reconstruction: a file or -.")
    ] = None,
    overwrite: flags.Overwrite = False,
    max_pixels: flags.MaxPixels = None,
    device: flags.Device = "auto",
    dtype: flags.Dtype = "auto",
    as_json: flags.Json = False,
) -> None:
    """Invert a picture, reconstruct it, and report MAE, PSNR and SSIM."""
    names = [] if out is None else ["reconstruction.png"]
    paths = outputs.targets(out, names, piped=False, as_json=as_json, overwrite=overwrite)
    picture = inputs.picture(image, paths, **given(None, max_pixels=max_pixels))

    from overpaint.inverting import reconstruct

    found = reconstruct(
        picture,
        model=model,
        strength=strength,
        steps=steps,
        inversion=inversion,
        device=device,
        dtype=dtype,
        watch=watching(terminal),
    )
    written = [outputs.written_to(p, found.image, overwrite=overwrite) for p in paths]
    if as_json:
        path = next((str(each) for each in written), None)
        terminal.line({"image": image, "path": path, "model": model, **found.figures()})
        return
    rows = [(name, f"{value:.5g}") for name, value in found.figures().items()]
    if None in paths:  # stdout holds the picture
        terminal.say("  ".join(f"{name} {value}" for name, value in rows))
    else:
        terminal.table(rows)
