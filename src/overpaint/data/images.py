"""The one loader: whatever holds a picture, as upright 8-bit RGB with alpha and profile aside."""

import hashlib
import os
from dataclasses import dataclass

import numpy as np
from PIL import Image

from overpaint.data import exif
from overpaint.data.arrays import from_array, from_tensor, is_tensor
from overpaint.data.colour import Profile
from overpaint.data.decoding import MAX_PIXELS, check_size, decode, dots
from overpaint.data.icc import ProfileError, read_profile
from overpaint.data.metadata import read_history
from overpaint.data.modes import Array, Planes, planes
from overpaint.data.record import Record
from overpaint.data.sources import portable_name, read_bytes, shown
from overpaint.errors import ImageReadError


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture to edit, upright, and what its output keeps of it.

    Args:
        pixels: (H, W, 3) uint8 in the colours of `icc`, which are sRGB when there is none.
        alpha: (H, W) uint8, None for a picture without.
        icc: the colour profile's bytes.
        profile: how `icc` differs from sRGB, None when it does not.
        exif: what an output may carry of the EXIF block.
        dpi: dots an inch, across and down.
        name: of the file, with its folder when that was relative; empty for no file.
        sha256: of the file's bytes, or of the pixels when there was no file.
        history: of the edits that made it, where the file is an output of Overpaint.
        warnings: what was lost or guessed, for the user to read.
    """

    pixels: Array
    alpha: Array | None = None
    icc: bytes | None = None
    profile: Profile | None = None
    exif: bytes | None = None
    dpi: tuple[float, float] | None = None
    name: str = ""
    sha256: str = ""
    history: tuple[Record, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) in pixels."""
        return self.pixels.shape[1], self.pixels.shape[0]

    def srgb(self) -> Array:
        """(H, W, 3) uint8 in sRGB."""
        return self.profile.to_srgb(self.pixels) if self.profile else self.pixels

    def on_white(self) -> Array:
        """(H, W, 3) uint8 in sRGB, what is transparent shown on white."""
        colour, alpha = self.srgb(), self.alpha
        if alpha is None or bool((alpha == 255).all()):
            return colour
        over = Image.new("RGB", self.size, "white")
        over.paste(Image.fromarray(colour), mask=Image.fromarray(alpha))
        return np.asarray(over)


def read_image(source: object, *, max_pixels: int = MAX_PIXELS, keep_exif: bool = False) -> Picture:
    """A `Picture` of a path, bytes, a binary file, a PIL image, an array, a tensor or a `Picture`.

    Arrays are (H, W, C) uint8, uint16, or float in [0, 1]; tensors (1, C, H, W) in [0, 1]. In a
    file, PNG, JPEG, WebP, TIFF, GIF (its first frame) and BMP are known by their content.

    Raises:
        ImageReadError: whatever is wrong with it.
    """
    if isinstance(source, Picture):
        return source
    if is_tensor(source):
        return _from_planes(from_tensor(source, max_pixels))
    if isinstance(source, np.ndarray):
        return _from_planes(from_array(source, max_pixels))
    if isinstance(source, Image.Image):
        return _from_pil(source, max_pixels, keep_exif=keep_exif)
    data = read_bytes(source)
    name = shown(source) if isinstance(source, str | os.PathLike) else "the picture"
    found = decode(data, name, max_pixels)
    icc, profile, colours, notes = _profiled(found.planes, found.icc)
    history, doubts = read_history(data)
    return Picture(
        pixels=colours.colour,
        alpha=colours.alpha,
        icc=icc,
        profile=profile,
        exif=exif.kept(found.exif, everything=keep_exif),
        dpi=found.dpi,
        name=portable_name(source) if isinstance(source, str | os.PathLike) else "",
        sha256=hashlib.sha256(data).hexdigest(),
        history=history,
        warnings=found.warnings + notes + doubts,
    )


def _profiled(
    found: Planes, icc: bytes | None
) -> tuple[bytes | None, Profile | None, Planes, tuple[str, ...]]:
    """The profile to keep, how it differs from sRGB, and the colours: grey ones become sRGB."""
    if icc is None or found.space == "CMYK":
        return None, None, found, ()
    try:
        profile = read_profile(icc, found.space)
    except (ProfileError, ValueError, IndexError, ArithmeticError) as error:
        return None, None, found, (f"the colour profile was left out: {error}",)
    if found.space == "GRAY":  # the output is RGB, which a profile for grey does not fit
        colour = found.colour if profile is None else profile.to_srgb(found.colour)
        return None, None, Planes(colour, found.alpha, "GRAY"), ()
    if profile is None:
        return icc, None, found, ("the colour profile is kept, but the edit takes it for sRGB",)
    return icc, None if profile.is_srgb() else profile, found, ()


def _from_planes(found: Planes) -> Picture:
    return Picture(found.colour, found.alpha, sha256=_pixel_hash(found))


def _from_pil(image: Image.Image, max_pixels: int, *, keep_exif: bool) -> Picture:
    """A PIL image's own copy; it is turned upright if its EXIF block still asks for that."""
    name = "the PIL image"
    check_size(image.size, name, max_pixels)
    try:
        image.load()
        block = image.getexif()
        found, notes = planes(image, name)
        turn = block.get(exif.ORIENTATION, 1)
        turn = turn if turn in range(1, 9) else 1
        found = found.upright(turn)
        dpi = dots(image.info.get("dpi"), swap=turn >= 5)
        kept = exif.kept(block.tobytes(), everything=keep_exif) if block else None
    except ImageReadError:
        raise
    except Exception as error:  # a lazily opened file may be damaged in any way
        raise ImageReadError(f"cannot read {name}", f"{error}", "open and save it anew") from error
    icc = image.info.get("icc_profile")
    icc, profile, found, more = _profiled(found, icc if isinstance(icc, bytes) and icc else None)
    return Picture(
        pixels=found.colour,
        alpha=found.alpha,
        icc=icc,
        profile=profile,
        exif=kept,
        dpi=dpi,
        sha256=_pixel_hash(found),
        warnings=notes + more,
    )


def _pixel_hash(found: Planes) -> str:
    """sha256 of the shape and the pixels."""
    parts = [found.colour] if found.alpha is None else [found.colour, found.alpha]
    digest = hashlib.sha256(f"{found.colour.shape} {len(parts)}".encode())
    for part in parts:
        digest.update(part.tobytes())
    return digest.hexdigest()
