"""`overpaint tune`: teach a method a text ahead of time."""

from typing import Annotated

import typer

from overpaint.cli import flags
from overpaint.cli.progress import watching
from overpaint.cli.terminal import Terminal, given
from overpaint.errors import OptionError


def tune(
    terminal: Terminal,
    method: Annotated[str, typer.Argument(help="diffusionclip")],
    prompt: Annotated[str, typer.Option("-p", "--prompt", help="What pictures shall become.")],
    source_prompt: Annotated[
        str, typer.Option("--source-prompt", help="What they are before.")
    ] = "",
    model: flags.Model = "portraits",
    out: flags.Folder = None,
    overwrite: flags.Overwrite = False,
    option: flags.Options = None,
    device: flags.Device = "auto",
    as_json: flags.Json = False,
) -> None:
    """Tune a model to a text; edits with that text then start at once (after -o: by --adapter)."""
    from overpaint import tuning

    if method != "diffusionclip":
        why = f"{method!r} cannot be tuned"
        raise OptionError(f"There is nothing to tune for {method!r}", why, "Use diffusionclip.")
    folder, card = tuning.tune(
        prompt,
        source_prompt=source_prompt,
        model=model,
        folder=out,
        overwrite=overwrite,
        device=device,
        watch=watching(terminal),
        **given(option),
    )
    if as_json:
        terminal.line({"method": method, "path": str(folder), "card": card})
    else:
        terminal.result(str(folder))
