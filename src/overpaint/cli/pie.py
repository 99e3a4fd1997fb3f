"""`overpaint bench pie`: every method on the user's copy of PIE-Bench."""

from pathlib import Path
from typing import Annotated

import typer

from overpaint.cli import flags
from overpaint.cli.measuring import Methods, Workers, able, check_folders, spread, told, ways_of
from overpaint.cli.progress import watching
from overpaint.cli.terminal import Terminal, given

# By what the published table's numbers are multiplied.
SHOWN = {
    "structure": 1e3,
    "background_psnr": 1,
    "background_lpips": 1e3,
    "background_mse": 1e4,
    "background_ssim": 1e2,
    "clip_t": 1e2,
    "clip_edited": 1e2,
    "seconds": 1,
}


def pie(
    terminal: Terminal,
    folder: Annotated[Path, typer.Argument(help="Of mapping_file.json and annotation_images/.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="The folder of rows and pictures.")],
    count: Annotated[
        int | None, typer.Option("-n", "--count", min=1, help="How many edits; all without it.")
    ] = None,
    kind: Annotated[
        list[str] | None, typer.Option("--type", help="A type, by name or number. Repeatable.")
    ] = None,
    compat: Annotated[
        bool, typer.Option("--compat", help="Run and score as published, slips included.")
    ] = False,
    made: Annotated[
        Path | None, typer.Option("--made", help="Pictures of another system, named as the data's.")
    ] = None,
    method: Methods = None,
    model: flags.Model = "auto",
    option: flags.Options = None,
    clip: Annotated[str | None, typer.Option("--clip", help="Id or folder; else ViT-L/14.")] = None,
    dino: Annotated[str | None, typer.Option("--dino", help="Id or folder; else ViT-B/8.")] = None,
    seed: Annotated[
        int | None, typer.Option("--seed", min=0, help="Of each edit; 0, or 1234 with --compat.")
    ] = None,
    workers: Workers = "here",
    device: flags.Device = "auto",
    dtype: flags.Dtype = "auto",
    as_json: flags.Json = False,
) -> None:
    """Edit the pictures of PIE-Bench, score what comes of it, and print the table.

    Rows stand in rows.jsonl of the folder. A run that was stopped goes on; one that is done prints
    its table again.
    """
    from itertools import chain

    from overpaint.bench.found import found
    from overpaint.bench.making import Setting
    from overpaint.bench.networks import there
    from overpaint.bench.pie import NETWORKS, SEED, Edit, reader
    from overpaint.bench.pie_data import chosen, entries
    from overpaint.bench.running import run
    from overpaint.bench.ways import CALIBRATION, MADE, Way

    check_folders(made)
    networks, notes = there(NETWORKS, clip=clip, dino=dino, device=device)
    for note in notes:
        terminal.say(f"note:  {note}")
    data, known = folder.absolute(), entries(folder)
    others = [Edit(data, each, networks, compat) for each in known]
    tasks = [Edit(data, each, networks, compat) for each in chosen(known, kind or (), count)]
    same = {"protocol": "published" if compat else "own", **networks.told}
    setting = Setting(out, seed if seed is not None else SEED * compat, same, device, dtype)
    ways = able(ways_of(method, model, given(option)), method, regions=True)
    if made and not method:
        ways = [way for way in ways if way.method in CALIBRATION]
    watch, how = watching(terminal), spread(workers)
    rows = run(tasks, ways, setting, others=others, watch=watch, spread=how)
    if made:
        way = Way(MADE, f"pictures of {made.resolve().name}")
        more = run(tasks, [way], setting, watch=watch, spread=found(reader(made)))
        rows = chain(rows, more)
    told(rows, terminal, as_json=as_json, shown=SHOWN)
