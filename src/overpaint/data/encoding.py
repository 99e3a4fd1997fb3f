"""A finished picture as the bytes of a PNG, JPEG or WebP file, record and all."""

import io
from pathlib import Path
from typing import Any

from PIL import Image

from overpaint.data.metadata import exif_block, png_texts
from overpaint.data.record import Record
from overpaint.data.sources import shown
from overpaint.errors import OptionError, OutputError

FORMATS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP"}
_LONGEST_SIDE = {"JPEG": 65_500, "WEBP": 16_383}


def format_of(path: str | Path) -> str:
    """PNG, JPEG or WEBP, by the suffix."""
    suffix = Path(path).suffix.lower()
    if suffix not in FORMATS:
        what = f"cannot write {shown(str(path))}"
        why = f"{suffix} is not a format that is written" if suffix else "its name has no suffix"
        raise OptionError(what, why, "end the name in .png, .jpg or .webp")
    return FORMATS[suffix]


def encode(image: Image.Image, format: str = "PNG", record: Record | None = None) -> bytes:
    """The file's bytes; colour profile, dots an inch and EXIF come from `image.info`.

    PNG and lossless WebP keep every byte of the pixels; JPEG is of quality 95.
    """
    transparent = image.mode == "RGBA" and image.getchannel("A").getextrema() != (255, 255)
    check_fit(image.size, format, transparent=transparent)
    if format == "JPEG" and image.mode == "RGBA":
        image = _without_alpha(image)
    given: dict[str, Any] = {
        name: image.info[name] for name in ("icc_profile", "dpi", "exif") if name in image.info
    }
    if record is not None:
        if format == "PNG":
            given["pnginfo"] = png_texts(record, image.size)
        else:
            given["exif"] = exif_block(record, image.size, given.get("exif"))
    given.update(_SETTINGS[format])
    buffer = io.BytesIO()
    try:
        image.save(buffer, format=format, **given)
    except (OSError, ValueError) as error:
        hint = "write a PNG: it holds everything" if format != "PNG" else ""
        raise OutputError(f"the picture cannot be a {format} file", str(error), hint) from error
    return buffer.getvalue()


_SETTINGS: dict[str, dict[str, Any]] = {
    "PNG": {"compress_level": 3},
    "JPEG": {"quality": 95, "subsampling": 0, "optimize": True},
    "WEBP": {"lossless": True, "exact": True},
}


def check_fit(size: tuple[int, int], format: str, *, transparent: bool) -> None:
    """Refuses a picture of `size` (width, height) that a file of this format cannot hold."""
    limit = _LONGEST_SIDE.get(format)
    if limit and max(size) > limit:
        why = f"a {format} side has at most {limit} pixels, this picture is {size}"
        raise OptionError(f"cannot write this picture as {format}", why, "write a PNG")
    if transparent and format == "JPEG":
        what, why = "cannot write this picture as JPEG", "it is transparent in places"
        raise OptionError(what, why, "end the name in .png or .webp")


def _without_alpha(image: Image.Image) -> Image.Image:
    opaque = image.convert("RGB")
    opaque.info = dict(image.info)
    return opaque
