"""The flags that several verbs share."""

from pathlib import Path
from typing import Annotated

import typer

from overpaint.inversions.titles import TITLES

Model = Annotated[
    str, typer.Option("-m", "--model", help="An embedded model, a folder, or a hub id.")
]
Method = Annotated[str, typer.Option("--method", help="See `overpaint methods`.")]
Steps = Annotated[int | None, typer.Option("--steps", help="num_inference_steps of the method.")]
Strength = Annotated[
    float | None, typer.Option("--strength", help="Noise level in (0, 1]: how much may change.")
]
Guidance = Annotated[float | None, typer.Option("--guidance", help="guidance_scale of the method.")]
Options = Annotated[
    list[str] | None,
    typer.Option("-O", "--option", metavar="NAME=VALUE", help="An option of the method's own."),
]
Adapter = Annotated[
    list[str] | None,
    typer.Option(
        "--adapter",
        metavar="NAME[:WEIGHT][@MASK]",
        help="A name, a folder of `tune -o`, a text; may be repeated. Else found by the prompt.",
    ),
]
Clip = Annotated[
    str | None,
    typer.Option("--clip", help="Folder, file or hub id of the CLIP that guides; else embedded."),
]
Trajectory = Annotated[
    Path | None,
    typer.Option(
        "--trajectory", metavar="FILE", help="Of `invert --save`, in place of the inversion."
    ),
]
Invert = Annotated[
    str | None,
    typer.Option(
        "--invert",
        metavar="NAME",
        help="; ".join(f"{name}: {title}" for name, title in TITLES.items()) + ". ddim without it.",
    ),
]
Inversion = Annotated[
    str | None,
    typer.Option(
        "--invert", metavar="NAME", help="inversion of the method; those of `overpaint invert`."
    ),
]
MaxPixels = Annotated[
    int | None,
    typer.Option("--max-pixels", min=1, help="Of a picture or mask; 64 million without it."),
]
Seed = Annotated[int, typer.Option("--seed", min=0, help="Of the first picture; then upwards.")]
Device = Annotated[str, typer.Option("--device", help="auto, cpu or cuda.")]
Dtype = Annotated[str, typer.Option("--dtype", help="auto, float32, bfloat16 or float16.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object a line on stdout.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace what is in the way.")]
Folder = Annotated[Path | None, typer.Option("-o", "--out", help="The folder to write.")]
AllowChange = Annotated[
    bool, typer.Option("--allow-change", help="Go on although the settings were changed.")
]
MaxSeconds = Annotated[
    float | None, typer.Option("--max-seconds", help="Pause after this time; run again to go on.")
]
