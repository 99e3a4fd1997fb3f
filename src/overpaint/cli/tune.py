"""`overpaint tune`: teach a method a text ahead of time."""

from typing import Annotated, Any

import typer

from overpaint.cli import flags
from overpaint.cli.progress import watching
from overpaint.cli.terminal import Terminal, given
from overpaint.errors import OptionError


def tune(
    terminal: Terminal,
    method: Annotated[str, typer.Argument(help="diffusionclip")],
    prompt: Annotated[str, typer.Option("-p", "--prompt", help="What pictures shall become.")] = "",
    source_prompt: Annotated[
        str, typer.Option("--source-prompt", help="What they are before.")
    ] = "",
    preset: Annotated[
        str | None, typer.Option("--preset", help="Texts and options that are known to work.")
    ] = None,
    model: flags.Model = "portraits",
    images: Annotated[
        str | None, typer.Option("--images", help="portraits, drawn, or a folder to learn from.")
    ] = None,
    out: flags.Folder = None,
    overwrite: flags.Overwrite = False,
    allow_change: flags.AllowChange = False,
    option: flags.Options = None,
    device: flags.Device = "auto",
    listed: Annotated[
        bool, typer.Option("--list", help="List the options of -O and the presets, and stop.")
    ] = False,
    as_json: flags.Json = False,
) -> None:
    """Tune a model to a text; edits with that text then start at once (after -o: by --adapter).

    What was stopped goes on where it was, by the same command.
    """
    if method != "diffusionclip":
        why = f"{method!r} cannot be tuned"
        raise OptionError(f"There is nothing to tune for {method!r}", why, "Use diffusionclip.")
    if listed:
        _list(terminal)
        return
    known, options = _known(preset), given(option, images=images)

    from overpaint import tuning

    folder, card = tuning.tune(
        prompt or known.get("prompt", ""),
        source_prompt=source_prompt or known.get("source_prompt", ""),
        model=model,
        folder=out,
        overwrite=overwrite,
        allow_change=allow_change,
        device=device,
        watch=watching(terminal),
        **{**known.get("options", {}), **options},
    )
    for note in card.get("notes", ()):
        terminal.say(f"note:  {note}")
    if as_json:
        terminal.line({"method": method, "path": str(folder), "card": card})
    else:
        terminal.result(str(folder))


def _known(preset: str | None) -> dict[str, Any]:
    """The texts and options of a preset; nothing without one."""
    if preset is None:
        return {}
    from overpaint.recipes.presets import find

    return vars(find(preset))


def _list(terminal: Terminal) -> None:
    """The options of tuning with their defaults and ranges, then the presets by domain."""
    from overpaint.cli.methods import table
    from overpaint.recipes.diffusionclip import Config
    from overpaint.recipes.presets import PRESETS

    terminal.table(table(Config))
    terminal.result("")
    terminal.table([("PRESETS", ""), *((domain, ", ".join(of)) for domain, of in PRESETS.items())])
