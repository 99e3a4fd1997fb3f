"""`overpaint train`: make an embedded model anew, or another like it."""

from pathlib import Path
from typing import Annotated

import typer

from overpaint.cli import flags
from overpaint.cli.progress import watching
from overpaint.cli.terminal import Terminal, given
from overpaint.errors import OutputExistsError

WRITTEN = ("config.json", "model.safetensors", "unet", "scheduler", "vision", "text")


def train(
    terminal: Terminal,
    recipe: Annotated[str | None, typer.Argument(help="Without it: the list of recipes.")] = None,
    out: flags.Folder = None,
    option: flags.Options = None,
    seed: Annotated[int | None, typer.Option("--seed", min=0, help="Of all randomness.")] = None,
    device: Annotated[str | None, typer.Option("--device", help="auto, cpu or cuda.")] = None,
    max_seconds: flags.MaxSeconds = None,
    allow_change: flags.AllowChange = False,
    as_json: flags.Json = False,
) -> None:
    """Train by a recipe; a run that was stopped goes on where it was, to the same bits."""
    from overpaint.recipes import registry

    if recipe is None:
        listed = [(r.name, r.title) for r in registry.RECIPES.values()]
        if as_json:
            for name, title in listed:
                terminal.line({"name": name, "title": title})
        else:
            terminal.table(listed)
        return
    found = registry.find(recipe)
    asked = given(
        option,
        seed=seed,
        device=device,
        max_seconds=max_seconds,
        allow_change=allow_change or None,
    )
    folder = out or Path("runs") / found.name
    _check_ours(folder)
    card = registry.train(found, folder, asked, watching(terminal))
    if card.get("finished") is False:
        terminal.say("paused before its last step: the same command goes on from here")
    if as_json:
        terminal.line({"recipe": found.name, "path": str(folder), "card": card})
    else:
        terminal.result(str(folder))


def _check_ours(folder: Path) -> None:
    """Refuses a folder whose model no recipe made: training would write over it."""
    ours = (folder / "checkpoints").is_dir() or (folder / "card.json").is_file()
    if foreign := [name for name in WRITTEN if (folder / name).exists() and not ours]:
        why = f"{foreign[0]} is in it, and no recipe made it"
        raise OutputExistsError(f"cannot train into {folder}", why, "choose another folder with -o")
