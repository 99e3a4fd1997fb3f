"""`overpaint convert`: another program's checkpoint as a diffusers folder."""

from pathlib import Path
from typing import Annotated

import typer

from overpaint.cli import flags
from overpaint.cli.terminal import Terminal, given


def convert(
    terminal: Terminal,
    file: Annotated[Path, typer.Argument(help="A .ckpt, .pt, .pth or .safetensors file.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="The folder to write.")],
    option: Annotated[
        list[str] | None,
        typer.Option(
            "-O",
            "--option",
            metavar="NAME=VALUE",
            help="What the file does not tell: size, heads or head_channels, schedule.",
        ),
    ] = None,
    overwrite: flags.Overwrite = False,
    as_json: flags.Json = False,
) -> None:
    """Convert a checkpoint: of SDEdit, DiffusionCLIP, ILVR, guided-diffusion, CLIP or IR-SE50."""
    from overpaint import converting

    folder, card = converting.convert(file, out, overwrite=overwrite, **given(option))
    if as_json:
        terminal.line({"path": str(folder), "card": card})
        return
    terminal.result(str(folder))
    assumed = ", ".join(f"{name} {value}" for name, value in card["assumed"].items())
    note = f"; taken for granted: {assumed}" if assumed else ""
    terminal.say(f"{card['family']}, {card['parameters']:,} parameters{note}")
