"""`overpaint strokes paste` and `strokes mask`: pictures put together, for an edit to make real."""

from typing import Annotated

import typer

from overpaint.cli import flags, guides, inputs, outputs
from overpaint.cli.terminal import Terminal, given
from overpaint.errors import OptionError


def paste(
    terminal: Terminal,
    patch: Annotated[str, typer.Argument(help="What to paste, transparent around; - for stdin.")],
    onto: Annotated[str, typer.Option("--onto", help="The picture that it is pasted on; or -.")],
    at: Annotated[
        str, typer.Option("--at", metavar="X,Y", help="Pixel of the patch's upper left corner.")
    ] = "0,0",
    scale: Annotated[
        float | None, typer.Option("--scale", help="Of the patch, 1 as it is.")
    ] = None,
    width: Annotated[
        int | None, typer.Option("--width", min=1, help="Or its width on the picture, in pixels.")
    ] = None,
    grow: guides.Grow = 0,
    out: guides.Out = None,
    mask_out: guides.MaskOut = None,
    overwrite: flags.Overwrite = False,
    max_pixels: flags.MaxPixels = None,
    as_json: flags.Json = False,
) -> None:
    """Paste a patch on a picture, cut off at its edges, with a mask of the pasted part."""
    place = _point(at)
    how = {"as_json": as_json, "overwrite": overwrite}
    paths = guides.targets([patch, onto], out, mask_out, **how)
    limits = given(None, max_pixels=max_pixels)
    found = inputs.picture(patch, [], **limits)
    over = inputs.picture(onto, [paths[0]], taken=patch == inputs.PIPE, **limits)

    from overpaint.data.compositing import pasted

    guide = pasted(found, over, place, width=_width(found.size[0], scale, width), grow=grow)
    guides.write(terminal, patch, guide, paths, **how)


def mask(
    terminal: Terminal,
    guide: Annotated[str, typer.Argument(help="A picture painted or pasted on; - for stdin.")],
    original: Annotated[str, typer.Argument(help="The same picture before that; or -.")],
    threshold: Annotated[
        int,
        typer.Option("--threshold", min=0, max=254, help="Grey levels that count as no change."),
    ] = 16,
    grow: guides.Grow = 0,
    out: guides.Out = None,
    overwrite: flags.Overwrite = False,
    max_pixels: flags.MaxPixels = None,
    as_json: flags.Json = False,
) -> None:
    """Find what was painted or pasted: white where a guide differs from its original."""
    read = [guide, original]
    path = guides.target(read, "mask", out, as_json=as_json, overwrite=overwrite)
    limits = given(None, max_pixels=max_pixels)
    found = inputs.picture(guide, [], **limits)
    before = inputs.picture(original, [], taken=guide == inputs.PIPE, **limits)

    from overpaint.data.compositing import mask_between, share

    made = mask_between(found, before, threshold=threshold, grow=grow)
    written = outputs.written_to(path, made, overwrite=overwrite)
    if as_json:
        terminal.line({"image": guide, "path": str(written), "painted": share(made)})
    elif written is not None:
        terminal.result(str(written))
    terminal.say(f"{share(made):.1%} painted")


def _point(text: str) -> tuple[int, int]:
    try:
        x, y = (int(part) for part in text.split(","))
    except ValueError as error:
        why, hint = "two whole numbers are expected", "give --at X,Y such as --at 120,40"
        raise OptionError(f"{text!r:.40} is no place in a picture", why, hint) from error
    return x, y


def _width(own: int, scale: float | None, width: int | None) -> int | None:
    """Of the patch on the picture, in pixels; None for its own."""
    if scale is None:
        return width
    if width is not None:
        what = "a patch is sized by --scale or by --width"
        raise OptionError(what, "both are given", "leave one out")
    if not 0 < scale <= 1000:  # NaN fails, too
        why, hint = "1 keeps the patch's own size", "give another --scale, or a --width"
        raise OptionError(f"scale must be in (0, 1000], got {scale:g}", why, hint)
    return max(1, round(own * scale))
