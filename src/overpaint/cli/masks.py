"""What says where an edit may act: its flags and its files."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, repeat
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from overpaint.cli import inputs, outputs
from overpaint.errors import OptionError

if TYPE_CHECKING:
    from overpaint.editing import Result

Mask = Annotated[
    str | None,
    typer.Option("--mask", help="White = edit here; - for stdin; auto: where the texts differ."),
]
Options = Annotated[
    list[str] | None,
    typer.Option("--mask-option", metavar="NAME=VALUE", help="How --mask auto finds it."),
]
Save = Annotated[
    str | None,
    typer.Option("--save-mask", metavar="FILE", help="Write where it was edited, white on black."),
]
Invert = Annotated[bool, typer.Option("--invert-mask", help="Edit where the mask is black.")]
Regions = Annotated[
    list[str] | None,
    typer.Option("--region", metavar="MASK=TEXT", help="A mask with its own text; repeatable."),
]
Zoom = Annotated[
    str,
    typer.Option(
        "--zoom", metavar="auto|on|off", help="Show the model the surroundings of the mask alone."
    ),
]
Extend = Annotated[
    str,
    typer.Option("--extend", metavar="SIDE=SHARE", help="Grow the picture: right=0.25,top=0.1."),
]


def read(mask: str | None, regions: Sequence[str] | None, *, taken: bool) -> dict[str, Any]:
    """The mask and the regions as `edit` takes them; stdin carries one, unless it is `taken`."""
    pairs = [split(region) for region in regions or []]
    piped = [name for name in (mask, *(name for name, _ in pairs)) if name == inputs.PIPE]
    taken = taken or len(piped) > 1
    area = None if mask is None else inputs.source(mask, taken=taken)
    sources = [(inputs.source(name, taken=taken), text) for name, text in pairs]
    return {"mask": area, "regions": sources}


def kept(
    results: Iterable["Result"], paths: Sequence[Path | None], *, overwrite: bool
) -> Iterator["Result"]:
    """The results as they come, the mask of each written to its path first; white is everywhere."""
    from PIL import Image

    for result, path in zip(results, chain(paths, repeat(None)), strict=False):
        if path is not None:
            mask = result.mask or Image.new("L", result.images[0].size, "white")
            outputs.written_to(path, mask, overwrite=overwrite)
        yield result


def targets(
    file: str | None, method: str, seeds: range, *, given: bool, overwrite: bool
) -> list[Path | None]:
    """Where the mask of each seed is written, or the one of all.

    given: whether there is a mask, also where the method finds none.
    """
    from overpaint.data.names import output_name
    from overpaint.methods import registry

    if file is None:
        return []
    finds = registry.find(method).finds
    if not (given or finds):
        why = f"none is given, and {method} finds none"
        raise OptionError("there is no mask to save", why, "give --mask auto, or a file")
    if file == inputs.PIPE:
        why = "a pipe carries one picture"
        raise OptionError("the picture and its mask would mix", why, "give --save-mask a FILE")
    names = [output_name("mask", method, seed) for seed in (seeds if finds else seeds[:1])]
    return outputs.targets(file, names, piped=False, as_json=False, overwrite=overwrite)


def split(region: str) -> tuple[str, str]:
    """File and text of MASK=TEXT; of names with a = in them, the first that is a file."""
    at = [k for k, letter in enumerate(region) if letter == "="]
    if not at or at[0] == 0:
        missing = "it has no text" if not at else "it has no mask"
        hint = "write MASK=TEXT; an empty TEXT removes what is there"
        raise OptionError(f"--region {region!r:.60} is not usable", missing, hint)
    end = next((k for k in at if Path(region[:k]).is_file()), at[0])
    return region[:end], region[end + 1 :].strip()


def of(
    mask: str | None, regions: Sequence[str] | None, adapters: Sequence[str] | None
) -> list[Any]:
    """The names of all files that are masks of an edit."""
    from overpaint.methods.shares import parsed

    shares = (parsed(adapter).mask for adapter in adapters or [])
    return [mask, *(split(region)[0] for region in regions or []), *shares]
