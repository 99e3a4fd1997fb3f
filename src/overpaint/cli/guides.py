"""Where a guide and its mask go: two files of one command."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from overpaint.cli import inputs, keeping, outputs
from overpaint.cli.terminal import Terminal
from overpaint.errors import OptionError

if TYPE_CHECKING:
    from overpaint.data.compositing import Guide

Out = Annotated[str | None, typer.Option("-o", "--out", help="A file, a folder/, or - for stdout.")]
MaskOut = Annotated[
    str | None,
    typer.Option("--mask-out", help="A file for where the edit may act, white on black."),
]
Grow = Annotated[
    int, typer.Option("--grow", min=0, max=256, help="Pixels by which the mask is larger.")
]


def target(
    read: Sequence[str | None], what: str, out: str | None, *, as_json: bool, overwrite: bool
) -> Path | None:
    """Where the picture goes, None for stdout; `{stem}.{what}.png` where no name is given.

    read: what it is made of, which it never replaces; it is named after the first.
    """
    from overpaint.data.names import named_after

    image = str(read[0])
    piped = image == inputs.PIPE
    names = [named_after("stdin" if piped else image, what)]
    (path,) = outputs.targets(out, names, piped=piped, as_json=as_json, overwrite=overwrite)
    keeping.check([path], read, overwrite=overwrite)
    return path


def targets(
    read: Sequence[str | None],
    out: str | None,
    mask_out: str | None,
    *,
    as_json: bool,
    overwrite: bool,
) -> tuple[Path | None, Path | None]:
    """Where the guide goes, None for stdout, and where its mask does, None for nowhere."""
    path = target(read, "guide", out, as_json=as_json, overwrite=overwrite)
    if mask_out is None:
        return path, None
    if mask_out == inputs.PIPE:
        why = "a pipe carries one picture"
        raise OptionError("the guide and its mask would mix", why, "give --mask-out a FILE")
    mask = target(read, "mask", mask_out, as_json=False, overwrite=overwrite)
    keeping.check([path, mask], [], overwrite=overwrite)
    return path, mask


def write(
    terminal: Terminal,
    image: str,
    guide: "Guide",
    paths: tuple[Path | None, Path | None],
    *,
    as_json: bool,
    overwrite: bool,
) -> None:
    """The guide and its mask to their two paths, and a line about each.

    image: what was given, as --json tells it.
    """
    path, mask_path = paths
    written = outputs.written_to(path, guide.image, overwrite=overwrite)
    if mask_path is not None:
        mask_path = outputs.written_to(mask_path, guide.mask, overwrite=overwrite)
    if as_json:
        found = {"image": image, "path": str(written), "painted": guide.painted}
        terminal.line({**found, "mask": None if mask_path is None else str(mask_path)})
    else:
        for each in filter(None, (written, mask_path)):
            terminal.result(str(each))
    terminal.say(f"{guide.painted:.1%} painted")
