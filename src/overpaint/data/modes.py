"""Every pixel mode as 8-bit colours and alpha, or a refusal that names the mode."""

from dataclasses import dataclass

import numpy as np
from PIL import Image

from overpaint.errors import ImageReadError

Array = np.ndarray

# The EXIF orientations as moves of the stored array: (transposed, upside down, mirrored), in turn.
_TURNS = {
    1: (False, False, False),
    2: (False, False, True),
    3: (False, True, True),
    4: (False, True, False),
    5: (True, False, False),
    6: (True, False, True),
    7: (True, True, True),
    8: (True, True, False),
}


@dataclass(frozen=True, eq=False)
class Planes:
    """colour: (H, W, 3) uint8; alpha: (H, W) uint8 or None; space: of the file's own profile."""

    colour: Array
    alpha: Array | None = None
    space: str = "RGB"  # or "GRAY" or "CMYK": what the colours were before

    def upright(self, orientation: int) -> "Planes":
        """Turned as the EXIF orientation (1 to 8) asks."""
        alpha = None if self.alpha is None else _turned(self.alpha, orientation)
        return Planes(_turned(self.colour, orientation), alpha, self.space)


def _turned(values: Array, orientation: int) -> Array:
    transposed, flipped, mirrored = _TURNS[orientation]
    values = values.swapaxes(0, 1) if transposed else values
    values = values[::-1] if flipped else values
    return np.ascontiguousarray(values[:, ::-1] if mirrored else values)


def planes(image: Image.Image, name: str) -> tuple[Planes, tuple[str, ...]]:
    """A loaded picture's colours and alpha, and what the user should know about the way there."""
    mode = image.mode
    if mode.startswith("I;16"):
        return _sixteen_bits(image)
    if mode in ("La", "RGBa", "PA") or (mode in ("P", "L", "1", "RGB") and _has_key(image)):
        image = image.convert("LA" if mode == "La" else "RGBA")
    elif mode in ("P", "RGBX", "YCbCr", "HSV"):
        image = image.convert("RGB")
    elif mode == "1":
        image = image.convert("L")
    if image.mode == "CMYK":
        note = "CMYK was turned into RGB without its colour profile; colours can differ a little"
        return Planes(np.array(image.convert("RGB")), space="CMYK"), (note,)
    if image.mode not in ("L", "LA", "RGB", "RGBA"):
        why = f"its pixels are of mode {mode} (floating point, 32 bits or Lab), which is not edited"
        raise ImageReadError(f"cannot read {name}", why, "save it with 8 bits a channel")
    space = "GRAY" if mode in ("L", "LA", "La", "1") else "RGB"
    values = np.asarray(image)
    if image.mode in ("LA", "RGBA"):
        return Planes(_three(values[..., :-1]), values[..., -1].copy(), space), ()
    return Planes(_three(values), None, space), ()


def _has_key(image: Image.Image) -> bool:
    return image.info.get("transparency") is not None


def _three(values: Array) -> Array:
    """(H, W), (H, W, 1) or (H, W, 3) as a new (H, W, 3)."""
    values = values[..., None] if values.ndim == 2 else values
    return np.array(np.broadcast_to(values, (*values.shape[:2], 3)))


def _sixteen_bits(image: Image.Image) -> tuple[Planes, tuple[str, ...]]:
    values = np.asarray(image)
    key = image.info.get("transparency")
    alpha = None if not isinstance(key, int) else np.where(values == key, 0, 255).astype(np.uint8)
    return Planes(_three(eight_bits(values)), alpha, "GRAY"), ("16 bits a channel became 8",)


def eight_bits(values: Array) -> Array:
    """uint16 in 0..65535 as the nearest uint8 in 0..255."""
    return ((values.astype(np.uint32) * 255 + 32_767) // 65_535).astype(np.uint8)
