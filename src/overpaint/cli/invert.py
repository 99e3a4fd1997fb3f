"""`overpaint invert`: to noise and back, and what was lost on the way."""

from pathlib import Path
from typing import Annotated

import typer

from overpaint.cli import flags, inputs, keeping, outputs
from overpaint.cli.progress import watching
from overpaint.cli.terminal import Terminal, given


def invert(
    terminal: Terminal,
    image: Annotated[str, typer.Argument(help="A picture; - for stdin.")],
    model: flags.Model = "auto",
    source_prompt: Annotated[
        str, typer.Option("--source-prompt", help="What the picture shows.")
    ] = "",
    guidance_scale: Annotated[
        float | None, typer.Option("--guidance", help="Of that text; 5 without it.")
    ] = None,
    strength: Annotated[
        float | None,
        typer.Option("--strength", help="How far up the path, in (0, 1]; 0.5 without it."),
    ] = None,
    steps: Annotated[
        int | None, typer.Option("--steps", min=1, help="Moves each way; 40 without it.")
    ] = None,
    inversion: flags.Invert = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of the noise of edit-friendly.")] = 0,
    out: Annotated[
        str | None, typer.Option("-o", "--out", help="Write the reconstruction: a file or -.")
    ] = None,
    save: Annotated[
        Path | None,
        typer.Option("--save", help="Keep the trajectory: a file that ends in .safetensors."),
    ] = None,
    trajectory: Annotated[
        Path | None,
        typer.Option("--trajectory", help="Go back from one that was kept, and invert nothing."),
    ] = None,
    overwrite: flags.Overwrite = False,
    max_pixels: flags.MaxPixels = None,
    device: flags.Device = "auto",
    dtype: flags.Dtype = "auto",
    as_json: flags.Json = False,
) -> None:
    """Invert a picture, reconstruct it, and report MAE, PSNR and SSIM.

    codec_mae is the error against what the model's autoencoder alone makes of the picture.
    """
    names = [] if out is None else ["reconstruction.png"]
    paths = outputs.targets(out, names, piped=False, as_json=as_json, overwrite=overwrite)
    keeping.check([*paths, save], [image, trajectory], overwrite=overwrite)
    picture = inputs.picture(image, paths, **given(None, max_pixels=max_pixels))

    from overpaint import trajectories
    from overpaint.inverting import reconstruct

    if save is not None:
        trajectories.check_target(save, overwrite=overwrite)
    found = reconstruct(
        picture,
        model=model,
        source_prompt=source_prompt,
        guidance_scale=guidance_scale,
        strength=strength,
        steps=steps,
        inversion=inversion,
        trajectory=trajectory,
        seed=seed,
        device=device,
        dtype=dtype,
        watch=watching(terminal),
    )
    written = [outputs.written_to(p, found.image, overwrite=overwrite) for p in paths]
    if save is not None:
        trajectories.save(found.trajectory, save, overwrite=overwrite)
    if as_json:
        path = next((str(each) for each in written), None)
        way = {"inversion": found.trajectory.inversion, "trajectory": save and str(save)}
        told = {"image": image, "path": path, "model": found.model, **way, "residual": None}
        terminal.line({**told, **found.figures()})
        return
    rows = [(name, f"{value:.5g}") for name, value in found.figures().items()]
    if None in paths:  # stdout holds the picture
        terminal.say("  ".join(f"{name} {value}" for name, value in rows))
    else:
        terminal.table(rows)
