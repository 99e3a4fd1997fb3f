"""`overpaint portraits render`: pictures with known truth, to train and to judge with."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from overpaint.cli import flags
from overpaint.cli.progress import watching
from overpaint.cli.terminal import Terminal
from overpaint.errors import OptionError, OutputExistsError

if TYPE_CHECKING:
    from PIL import Image

ALL = "all"


def render(
    terminal: Terminal,
    out: Annotated[Path, typer.Option("-o", "--out", help="The folder to write.")],
    seed: flags.Seed = 0,
    count: Annotated[int, typer.Option("-n", "--count", min=1, help="How many.")] = 8,
    size: Annotated[int, typer.Option("--size", min=16, max=1024, help="Side in pixels.")] = 64,
    style: Annotated[str, typer.Option("--style", help="photo, another style, or all.")] = "photo",
    overwrite: flags.Overwrite = False,
    as_json: flags.Json = False,
) -> None:
    """Render portraits with their masks, scenes and captions (scenes.jsonl)."""
    from overpaint.data.placing import place

    scenes = out / "scenes.jsonl"
    if scenes.exists() and not overwrite:
        why, hint = "it exists already", "choose another folder, or give --overwrite"
        raise OutputExistsError(f"cannot write {scenes}", why, hint)
    made = watching(terminal)(
        _made(out, range(seed, seed + count), size, style, overwrite=overwrite), count, "rendering"
    )
    lines = []
    for scene in made:
        lines.append(json.dumps(scene))
        if as_json:
            terminal.line(scene)
    place("\n".join([*lines, ""]).encode(), scenes, overwrite=True)
    if not as_json:
        terminal.result(str(out))


def _made(
    out: Path, seeds: range, size: int, style: str, *, overwrite: bool
) -> Iterator[dict[str, Any]]:
    """Write each portrait and its masks; yields its scene, captions and file names."""
    import numpy as np
    from PIL import Image

    from overpaint.portraits.captions import caption
    from overpaint.portraits.render import masks
    from overpaint.portraits.render import render as draw
    from overpaint.portraits.scene import STYLES, sample_scene

    if style not in (ALL, *STYLES):
        raise OptionError(f"There is no style {style!r}", hint=f"Use {', '.join(STYLES)} or all.")
    (out / "masks").mkdir(parents=True, exist_ok=True)
    for seed in seeds:
        rng = np.random.default_rng(seed)
        chosen = str(rng.choice(STYLES)) if style == ALL else style
        scene = sample_scene(rng, style=chosen)
        name = f"portrait-{seed}.png"
        _write(Image.fromarray(draw(scene, size)), out / name, overwrite=overwrite)
        parts = {}
        for part, cover in masks(scene, size).items():
            parts[part] = f"masks/portrait-{seed}.{part}.png"
            _write(Image.fromarray(cover), out / parts[part], overwrite=overwrite)
        captions = [caption(scene, rng).text for _ in range(3)]
        told = {"seed": seed, "file": name, "masks": parts, "captions": captions}
        yield {**told, "scene": scene.to_dict()}


def _write(picture: "Image.Image", path: Path, *, overwrite: bool) -> None:
    """The picture's file; one of the same bytes, as an interrupted run leaves it, is kept."""
    from overpaint.data.encoding import encode
    from overpaint.data.writing import write_image

    try:
        write_image(picture, path, overwrite=overwrite)
    except OutputExistsError:
        if path.read_bytes() != encode(picture):
            raise
