"""`overpaint edit`: change a picture by text."""

from pathlib import Path
from typing import Annotated

import typer

from overpaint.cli import flags, outputs
from overpaint.cli.progress import watching
from overpaint.cli.terminal import Terminal, given


def edit(
    terminal: Terminal,
    image: Annotated[str, typer.Argument(help="PNG, JPEG, WebP, TIFF, GIF, BMP; - for stdin.")],
    prompt: Annotated[str, typer.Option("-p", "--prompt", help="What it shall become.")],
    source_prompt: Annotated[str, typer.Option(help="What it shows now.")] = "",
    method: flags.Method = "diffusionclip",
    model: flags.Model = "portraits",
    mask: Annotated[Path | None, typer.Option("--mask", help="White = edit here.")] = None,
    seed: flags.Seed = 0,
    count: Annotated[
        int, typer.Option("-n", "--count", min=1, help="Pictures, each with its own seed.")
    ] = 1,
    steps: flags.Steps = None,
    strength: flags.Strength = None,
    guidance: flags.Guidance = None,
    option: flags.Options = None,
    out: Annotated[
        str | None, typer.Option("-o", "--out", help="A file, a folder/, or - for stdout.")
    ] = None,
    overwrite: flags.Overwrite = False,
    device: flags.Device = "auto",
    dtype: flags.Dtype = "auto",
    as_json: flags.Json = False,
) -> None:
    """Edit a picture by text; writes PNG with all that is needed to do it again."""
    from overpaint.data.names import output_name

    called = "stdin" if image == outputs.PIPE else image
    names = [output_name(called, method, seed + k) for k in range(count)]
    piped = image == outputs.PIPE
    paths = outputs.targets(out, names, piped=piped, as_json=as_json, overwrite=overwrite)
    options = given(option, num_inference_steps=steps, strength=strength, guidance_scale=guidance)
    source = outputs.source(image)

    from overpaint.editing import edit as edit_picture

    result = edit_picture(
        source,
        prompt,
        source_prompt=source_prompt,
        method=method,
        model=model,
        mask=mask,
        seed=seed,
        count=count,
        device=device,
        dtype=dtype,
        watch=watching(terminal),
        **options,
    )
    outputs.write(terminal, result, paths, as_json=as_json, overwrite=overwrite)
