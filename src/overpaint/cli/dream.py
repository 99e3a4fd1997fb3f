"""`overpaint bench dream`: every method, or what others made, on the user's copy of DreamBench."""

from pathlib import Path
from typing import Annotated

import typer

from overpaint.cli import flags
from overpaint.cli.measuring import Methods, Workers, able, check_folders, spread, told, ways_of
from overpaint.cli.progress import watching
from overpaint.cli.terminal import Terminal, given

SHOWN = dict.fromkeys(("dino", "clip_i", "clip_t", "pres", "div", "seconds"), 1.0)


def dream(
    terminal: Terminal,
    folder: Annotated[Path, typer.Argument(help="Of prompts_and_classes.txt and subjects.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="The folder of rows and pictures.")],
    count: Annotated[
        int | None,
        typer.Option("-n", "--count", min=1, help="How many prompts, each of 4 pictures; else all"),
    ] = None,
    subject: Annotated[
        list[str] | None, typer.Option("--subject", help="One of them. Repeatable.")
    ] = None,
    made: Annotated[
        Path | None,
        typer.Option("--made", help="Pictures of another system: SUBJECT/PROMPT_NUMBER.png."),
    ] = None,
    class_pictures: Annotated[
        Path | None,
        typer.Option("--class-pictures", help="Its pictures of each subject's class: SUBJECT/*."),
    ] = None,
    method: Methods = None,
    model: flags.Model = "auto",
    option: flags.Options = None,
    clip: Annotated[str | None, typer.Option("--clip", help="Id or folder; else ViT-B/32.")] = None,
    dino: Annotated[str | None, typer.Option("--dino", help="Id or folder; else ViT-S/16.")] = None,
    seed: flags.Seed = 0,
    workers: Workers = "here",
    device: flags.Device = "auto",
    dtype: flags.Dtype = "auto",
    as_json: flags.Json = False,
) -> None:
    """Show the subjects of DreamBench as its prompts say, score that, and print the table.

    The row "no edit" is that of real pictures. With --made or --class-pictures alone no method
    edits. Rows stand in rows.jsonl of the folder; a run that was stopped goes on.
    """
    from overpaint.bench.dream import NETWORKS, asked
    from overpaint.bench.dream_data import named, subjects
    from overpaint.bench.dreaming import Elsewhere, dreamt
    from overpaint.bench.making import Setting
    from overpaint.bench.networks import there
    from overpaint.bench.ways import CALIBRATION

    check_folders(made, class_pictures)
    networks, notes = there(NETWORKS, clip=clip, dino=dino, device=device)
    known, lacking = subjects(folder)
    notes += [f"no pictures of {', '.join(lacking)}"] if lacking else []
    for note in notes:
        terminal.say(f"note:  {note}")
    tasks = asked(folder.absolute(), named(known, subject or ()), networks, count)
    ways = able(ways_of(method, model, given(option)), method, regions=False)
    elsewhere = Elsewhere(made, class_pictures)
    if (made or class_pictures) and not method:
        ways = [way for way in ways if way.method in CALIBRATION]
    setting = Setting(out, seed, networks.told, device, dtype)
    watch, how = watching(terminal), spread(workers)
    rows = dreamt(tasks, ways, setting, elsewhere=elsewhere, watch=watch, spread=how)
    told(rows, terminal, as_json=as_json, shown=SHOWN)
