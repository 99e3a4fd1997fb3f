"""`overpaint strokes`: rough drawings for an edit to make real."""

from typing import Annotated

import typer

from overpaint.cli import flags, guides, inputs, outputs
from overpaint.cli.terminal import Terminal, given
from overpaint.errors import OptionError


def simulate(
    terminal: Terminal,
    image: Annotated[str, typer.Argument(help="A picture; - for stdin.")],
    colours: Annotated[
        int, typer.Option("--colours", min=1, max=256, help="At most so many flat colours.")
    ] = 6,
    brush: Annotated[
        float,
        typer.Option("--brush", min=0, max=0.5, help="Its breadth, of the picture's longer side."),
    ] = 0.09,
    out: guides.Out = None,
    overwrite: flags.Overwrite = False,
    max_pixels: flags.MaxPixels = None,
    as_json: flags.Json = False,
) -> None:
    """Paint a picture with a broad brush and few colours, as SDEdit's paper does."""
    path = guides.target([image], "strokes", out, as_json=as_json, overwrite=overwrite)
    picture = inputs.picture(image, [], **given(None, max_pixels=max_pixels))

    from overpaint.data.strokes import simulated

    made = simulated(picture, brush=brush, colours=colours)
    written = outputs.written_to(path, made, overwrite=overwrite)
    shown = len(made.getcolors(256) or ())
    if as_json:
        terminal.line({"image": image, "path": str(written), "colours": shown})
    elif written is not None:
        terminal.result(str(written))
    terminal.say(f"{shown} colours")


def lay(
    terminal: Terminal,
    drawing: Annotated[str, typer.Argument(help="Strokes, transparent between; - for stdin.")],
    over: Annotated[
        str | None, typer.Option("--over", help="The picture that they lie on; - for stdin.")
    ] = None,
    paper: Annotated[
        str | None, typer.Option("--paper", help="Or a plain colour: white, or #d8cfc4.")
    ] = None,
    out: guides.Out = None,
    mask_out: guides.MaskOut = None,
    overwrite: flags.Overwrite = False,
    max_pixels: flags.MaxPixels = None,
    as_json: flags.Json = False,
) -> None:
    """Lay a hand-drawn file over a picture or plain paper, with a mask of the painted part."""
    if (over is None) == (paper is None):
        why = "both are given" if over else "neither is given"
        hint = "give the picture they were drawn on, or a colour such as white"
        raise OptionError("strokes lie on a picture (--over) or on paper (--paper)", why, hint)
    how = {"as_json": as_json, "overwrite": overwrite}
    paths = guides.targets([drawing, over], out, mask_out, **how)
    limits = given(None, max_pixels=max_pixels)
    strokes = inputs.picture(drawing, [], **limits)

    from overpaint.data.strokes import laid, on_paper

    if over is None:
        guide = on_paper(strokes, str(paper))
    else:
        piped = drawing == inputs.PIPE
        guide = laid(strokes, inputs.picture(over, [paths[0]], taken=piped, **limits))
    guides.write(terminal, drawing, guide, paths, **how)
