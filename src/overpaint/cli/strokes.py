"""`overpaint strokes`: rough drawings for an edit to make real."""

from pathlib import Path
from typing import Annotated

import typer

from overpaint.cli import flags, inputs, outputs
from overpaint.cli.terminal import Terminal, given
from overpaint.errors import OptionError

Out = Annotated[str | None, typer.Option("-o", "--out", help="A file, a folder/, or - for stdout.")]


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
    out: Out = None,
    overwrite: flags.Overwrite = False,
    max_pixels: flags.MaxPixels = None,
    as_json: flags.Json = False,
) -> None:
    """Paint a picture with a broad brush and few colours, as SDEdit's paper does."""
    path = _target(image, "strokes", out, as_json=as_json, overwrite=overwrite)
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
    out: Out = None,
    mask_out: Annotated[
        str | None, typer.Option("--mask-out", help="A file for what is painted, white on black.")
    ] = None,
    overwrite: flags.Overwrite = False,
    max_pixels: flags.MaxPixels = None,
    as_json: flags.Json = False,
) -> None:
    """Lay a hand-drawn file over a picture or plain paper, with a mask of the painted part."""
    if (over is None) == (paper is None):
        why = "both are given" if over else "neither is given"
        hint = "give the picture they were drawn on, or a colour such as white"
        raise OptionError("strokes lie on a picture (--over) or on paper (--paper)", why, hint)
    path = _target(drawing, "guide", out, as_json=as_json, overwrite=overwrite)
    mask_path = _mask_target(drawing, mask_out, path, overwrite=overwrite)
    limits = given(None, max_pixels=max_pixels)
    strokes = inputs.picture(drawing, [], **limits)

    from overpaint.data.strokes import laid, on_paper

    if over is None:
        guide = on_paper(strokes, str(paper))
    else:
        piped = drawing == inputs.PIPE
        guide = laid(strokes, inputs.picture(over, [path], taken=piped, **limits))
    written = outputs.written_to(path, guide.image, overwrite=overwrite)
    if mask_path is not None:
        mask_path = outputs.written_to(mask_path, guide.mask, overwrite=overwrite)
    if as_json:
        found = {"image": drawing, "path": str(written), "painted": guide.painted}
        terminal.line({**found, "mask": None if mask_path is None else str(mask_path)})
    else:
        for each in filter(None, (written, mask_path)):
            terminal.result(str(each))
    terminal.say(f"{guide.painted:.1%} painted")


def _target(
    image: str, what: str, out: str | None, *, as_json: bool, overwrite: bool
) -> Path | None:
    """Where the picture goes, None for stdout; `{stem}.{what}.png` where no name is given."""
    from overpaint.data.names import named_after

    piped = image == inputs.PIPE
    names = [named_after("stdin" if piped else image, what)]
    (path,) = outputs.targets(out, names, piped=piped, as_json=as_json, overwrite=overwrite)
    return path


def _mask_target(
    image: str, mask_out: str | None, path: Path | None, *, overwrite: bool
) -> Path | None:
    """Where the mask goes, None for nowhere."""
    if mask_out is None:
        return None
    found = None
    if mask_out != inputs.PIPE:
        found = _target(image, "mask", mask_out, as_json=False, overwrite=overwrite)
    if found is None or found == path:
        why = "a pipe and a file carry one picture each"
        raise OptionError("the guide and its mask would mix", why, "give --mask-out another FILE")
    return found
