"""From a file's bytes to one upright picture, whatever its mode; nothing is trusted."""

import io
import math
import struct
import warnings as python_warnings
from dataclasses import dataclass

from PIL import Image

from overpaint.data import exif
from overpaint.data.containers import slim_jpeg, slim_png
from overpaint.data.ifd import directories
from overpaint.data.modes import Planes, planes
from overpaint.data.sniff import kind
from overpaint.errors import ImageReadError

MAX_PIXELS = 64_000_000
_PILLOWS_LIMIT = 178_956_970  # beyond it Pillow itself refuses, whatever the user raises
_MOST_SCANNED = 20 * MAX_PIXELS  # every scan of a progressive JPEG is a pass over all its pixels

# How many pixels one byte of the format can hold at the very most, generously: deflate expands
# 1032 times, a JPEG spends a bit on every block, LZW holds 4096 values in a code.
_PIXELS_PER_BYTE = {"PNG": 16_384, "JPEG": 2_048, "GIF": 4_096, "BMP": 1_024}


@dataclass(frozen=True, eq=False)
class Decoded:
    """An upright picture, and what its file said besides."""

    planes: Planes
    icc: bytes | None
    exif: bytes | None
    dpi: tuple[float, float] | None
    format: str
    warnings: tuple[str, ...]


def decode(data: bytes, name: str, max_pixels: int = MAX_PIXELS) -> Decoded:
    """The first frame of the picture in `data`, upright; ImageReadError says why not."""
    found = kind(data, name)
    try:
        with python_warnings.catch_warnings():
            python_warnings.simplefilter("ignore")
            return _decode(data, found, name, max_pixels)
    except ImageReadError:
        raise
    except Image.DecompressionBombError as error:
        why = f"it has more than {min(max_pixels, _PILLOWS_LIMIT) / 1e6:g} million pixels"
        raise ImageReadError(f"cannot read {name}", why, "make it smaller first") from error
    except MemoryError as error:
        why = "decoding it takes more memory than there is"
        raise ImageReadError(f"cannot read {name}", why, "make it smaller first") from error
    except Exception as error:  # decoders fail on damaged files in too many ways to name
        why = f"this {found} file is damaged, truncated or of an unusual kind ({_short(error)})"
        raise ImageReadError(f"cannot read {name}", why, "open and save it anew") from error


def _decode(data: bytes, found: str, name: str, max_pixels: int) -> Decoded:
    slim, block = _slim(data, found)
    with Image.open(io.BytesIO(slim), formats=[found]) as image:
        check_size(image.size, name, max_pixels)
        width, height = image.size
        if width * height > _PIXELS_PER_BYTE.get(found, math.inf) * len(data) + 65_536:
            why = f"it claims {width} x {height} pixels in {len(data)} bytes: damaged, or a bomb"
            raise ImageReadError(f"cannot read {name}", why, "get the file anew")
        _check_work(image, slim, max_pixels)
        image.load()
        block = block or _bytes(image.info.get("exif"))
        # A TIFF stands upright already: its decoder turns it.
        turn = 1 if found == "TIFF" else exif.orientation(block)
        parts, notes = planes(image, name)
        if getattr(image, "is_animated", False):
            notes = (*notes, "it is animated: the first frame is used")
        return Decoded(
            planes=parts.upright(turn),
            icc=_bytes(image.info.get("icc_profile")),
            exif=data if found == "TIFF" else block,
            dpi=dots(image.info.get("dpi"), swap=turn >= 5),
            format=found,
            warnings=notes,
        )


def _slim(data: bytes, found: str) -> tuple[bytes, bytes | None]:
    if found == "PNG":
        return slim_png(data)
    if found == "JPEG":
        return slim_jpeg(data)
    if found == "TIFF":
        for _ in directories(data):  # walks them: absurd directories are refused here
            pass
    if found == "GIF" and data.count(b"\x21\xfe") > 20_000:
        raise ValueError("it has more than 20000 comments")
    return data, None


def check_size(size: tuple[int, int], name: str, max_pixels: int) -> None:
    """Refuses pictures without pixels, and those with more than `max_pixels`."""
    width, height = size
    if width < 1 or height < 1:
        raise ImageReadError(f"cannot read {name}", f"its size is {width} x {height}: no pixels")
    if width * height > max_pixels:
        why = f"it has {width} x {height} pixels, more than {max_pixels / 1e6:g} million"
        hint = "make it smaller, or raise the limit with --max-pixels (max_pixels in Python)"
        raise ImageReadError(f"cannot read {name}", why, hint)


def _check_work(image: Image.Image, data: bytes, max_pixels: int) -> None:
    """A TIFF's tiles and a JPEG's scans cost memory and time, whatever the picture's size."""
    pixels = image.size[0] * image.size[1]
    tags = getattr(image, "tag_v2", {})
    width, height = tags.get(322, 1), tags.get(323, 1)
    if width * height > max(max_pixels // 4, 4 * pixels):
        raise ValueError(f"its tiles have {width} x {height} pixels")
    scans = data.count(b"\xff\xda") if image.format == "JPEG" else 0
    if scans > 200 or (scans > 20 and scans * pixels > _MOST_SCANNED):
        raise ValueError(f"it has {scans} scans")


def dots(value: object, *, swap: bool) -> tuple[float, float] | None:
    """Dots an inch when both are sane numbers; swapped for a picture that was turned."""
    try:
        x, y = (float(part) for part in value)  # type: ignore[attr-defined]
    except (TypeError, ValueError, ZeroDivisionError, struct.error):
        return None
    if not (1 <= x <= 100_000 and 1 <= y <= 100_000):
        return None
    return (y, x) if swap else (x, y)


def _bytes(value: object) -> bytes | None:
    return value if isinstance(value, bytes) and value else None


def _short(error: Exception) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    if isinstance(error, Image.UnidentifiedImageError):
        return "its header makes no sense"
    return text if len(text) <= 120 else text[:117] + "..."
