"""`overpaint edit`: change a picture by text."""

from pathlib import Path
from typing import Annotated

import typer

from overpaint.cli import candidates, flags, inputs, keeping, masks, outputs, stopping
from overpaint.cli.progress import watching
from overpaint.cli.terminal import Terminal, given


def edit(
    terminal: Terminal,
    image: Annotated[str, typer.Argument(help="PNG, JPEG, WebP, TIFF, GIF, BMP; - for stdin.")],
    prompt: Annotated[
        str, typer.Option("-p", "--prompt", help="What it shall become; some methods need none.")
    ] = "",
    source_prompt: Annotated[str, typer.Option(help="What it shows now.")] = "",
    method: flags.Method = "diffusionclip",
    model: flags.Model = "auto",
    adapter: flags.Adapter = None,
    mask: masks.Mask = None,
    mask_option: masks.Options = None,
    save_mask: masks.Save = None,
    invert_mask: masks.Invert = False,
    region: masks.Regions = None,
    zoom: masks.Zoom = "auto",
    extend: masks.Extend = "",
    face: Annotated[
        str | None,
        typer.Option("--face", metavar="auto|N|all", help="Edit a face alone; see `faces`."),
    ] = None,
    clip: flags.Clip = None,
    trajectory: flags.Trajectory = None,
    seed: flags.Seed = 0,
    count: Annotated[
        int, typer.Option("-n", "--count", min=1, help="Pictures, each with its own seed.")
    ] = 1,
    batch: Annotated[
        int | None, typer.Option("--batch", min=1, help="Pictures at once; else as memory allows.")
    ] = None,
    rank: Annotated[
        bool, typer.Option("--rank", help="Print them best first, by how well they fit the prompt.")
    ] = False,
    best: Annotated[
        int | None, typer.Option("--best", metavar="K", min=1, help="Keep the K best alone.")
    ] = None,
    sheet: Annotated[
        Path | None, typer.Option("--sheet", metavar="FILE", help="Show all of them on one page.")
    ] = None,
    steps: flags.Steps = None,
    strength: flags.Strength = None,
    guidance: flags.Guidance = None,
    inversion: flags.Inversion = None,
    option: flags.Options = None,
    out: Annotated[
        str | None, typer.Option("-o", "--out", help="A file, a folder/, or - for stdout.")
    ] = None,
    overwrite: flags.Overwrite = False,
    keep_exif: Annotated[
        bool, typer.Option("--keep-exif", help="Keep all EXIF: place, serial number, maker's note.")
    ] = False,
    max_pixels: flags.MaxPixels = None,
    device: flags.Device = "auto",
    dtype: flags.Dtype = "auto",
    as_json: flags.Json = False,
) -> None:
    """Edit a picture by text; writes PNG with all that is needed to do it again."""
    from overpaint.methods import registry

    registry.find(method)
    seeds = range(seed, seed + count)
    paths = _paths(image, method, seeds, out=out, as_json=as_json, overwrite=overwrite)
    choice = candidates.Choice(prompt, source_prompt, rank, best, sheet)
    wanted = candidates.chosen(choice, count, paths)
    said = {"num_inference_steps": steps, "strength": strength, "guidance_scale": guidance}
    options = given(option, **said, inversion=inversion)
    limits = given(None, max_pixels=max_pixels)
    page = wanted.sheet if wanted else None
    limited = bool(mask or region or extend)
    spots = masks.targets(save_mask, method, seeds, given=limited, overwrite=overwrite)
    read = [*masks.of(mask, region, adapter), trajectory]
    keeping.check([*paths, page, *spots], read, overwrite=overwrite)
    # A picture may replace its own source.
    keeping.check([page, *spots], [image], overwrite=overwrite)
    where = masks.read(mask, region, taken=image == inputs.PIPE)
    where |= {"invert_mask": invert_mask, "zoom": zoom, "extend": extend, "face": face}
    where |= {"mask_options": given(mask_option, "--mask-option")}
    picture = inputs.picture(image, paths, keep_exif=keep_exif, **limits)

    from overpaint.editing import edits

    results = edits(
        picture,
        prompt,
        source_prompt=source_prompt,
        method=method,
        model=model,
        adapter=adapter or None,
        clip=clip,
        trajectory=trajectory,
        seed=seed,
        count=count,
        batch=batch,
        device=device,
        dtype=dtype,
        watch=watching(terminal),
        **where,
        **limits,
        **options,
    )
    how = {"as_json": as_json, "overwrite": overwrite}
    results = masks.kept(results, spots, overwrite=overwrite)
    with stopping.resumable(results, seeds) as counted:
        if wanted is None:
            outputs.write(terminal, counted, paths, **how)
        else:
            candidates.write(terminal, counted, paths, picture, wanted, **how, **limits)


def _paths(
    image: str, method: str, seeds: range, *, out: str | None, as_json: bool, overwrite: bool
) -> list[Path | None]:
    """Where each seed's picture goes."""
    from overpaint.data.names import output_name

    piped = image == inputs.PIPE
    names = [output_name("stdin" if piped else image, method, seed) for seed in seeds]
    return outputs.targets(out, names, piped=piped, as_json=as_json, overwrite=overwrite)
