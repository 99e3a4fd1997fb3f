"""`overpaint explain`: where a model looks for each word."""

from typing import Annotated

import typer

from overpaint.cli import flags, inputs, keeping, outputs
from overpaint.cli.progress import watching
from overpaint.cli.terminal import Terminal, given


def explain(
    terminal: Terminal,
    image: Annotated[str, typer.Argument(help="A picture; - for stdin.")],
    prompt: Annotated[str, typer.Option("-p", "--prompt", help="What the picture shows.")],
    model: flags.Model = "portraits-latent",
    steps: Annotated[int, typer.Option("--steps", min=1, help="Network calls.")] = 25,
    strength: Annotated[
        float, typer.Option("--strength", help="Noise level in (0, 1] up to which is looked.")
    ] = 1.0,
    out: Annotated[
        str | None, typer.Option("-o", "--out", help="A sheet with a map a word: a file or -.")
    ] = None,
    overwrite: flags.Overwrite = False,
    max_pixels: flags.MaxPixels = None,
    device: flags.Device = "auto",
    dtype: flags.Dtype = "auto",
    as_json: flags.Json = False,
) -> None:
    """Show where a text-to-image model looks in a picture for each word of a text."""
    paths = outputs.targets(
        out, ["explained.png"], piped=False, as_json=as_json, overwrite=overwrite
    )
    keeping.check(paths, [image], overwrite=overwrite)
    picture = inputs.picture(image, paths, **given(None, max_pixels=max_pixels))

    from overpaint.data.sheets import Cell, sheet
    from overpaint.explaining import explain as explained

    found = explained(
        picture,
        prompt,
        model=model,
        steps=steps,
        strength=strength,
        device=device,
        dtype=dtype,
        watch=watching(terminal),
    )
    cells = [Cell(picture, (image.rpartition("/")[2],))]
    cells += [Cell(each.picture, (each.word,)) for each in found]
    for path in paths:
        if (written := outputs.written_to(path, sheet(cells), overwrite=overwrite)) is not None:
            terminal.say(f"drawn in {written}")
    rows = [(each.word, f"{each.share:.3f}") for each in found]
    if as_json:
        for each in found:
            terminal.line({"word": each.word, "share": each.share})
    elif None in paths:  # stdout holds the picture
        terminal.say("  ".join(" ".join(row) for row in rows))
    else:
        terminal.table([("WORD", "SHARE"), *rows])
