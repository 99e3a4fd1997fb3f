"""What says where an edit may act: its flags and its files."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from overpaint.cli import inputs
from overpaint.errors import OptionError

Mask = Annotated[str | None, typer.Option("--mask", help="White = edit here; - for stdin.")]
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
