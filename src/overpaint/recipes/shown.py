"""Pictures that say what is aimed at: where it may change, and which style it takes on."""

from pathlib import Path

import torch
from torch import Tensor

from overpaint.data.images import read_image
from overpaint.data.masking import read_mask
from overpaint.data.sources import shown
from overpaint.errors import ImageReadError, OptionError
from overpaint.recipes.training import images

KINDS = frozenset({".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".gif", ".bmp"})


def region(path: str, size: int) -> Tensor:
    """The mask in a file as `(1, 1, size, size)` in [0, 1], 1 where pictures may change.

    Raises:
        ImageReadError: it cannot be read, or is not square.
        OptionError: it is black everywhere.
    """
    values = read_mask(path, (size, size)).values
    if not values.any():
        what, why = "Nothing may change in region", f"{shown(path)} is black everywhere"
        raise OptionError(what, why, "Paint white where pictures may change.")
    return torch.from_numpy(values).float()[None, None] / 255


def style_images(path: str) -> list[Tensor]:
    """The image in a file, or all images in a folder, each `(1, 3, H, W)` in [-1, 1].

    Raises:
        ImageReadError: one cannot be read, or the folder has none.
    """
    where = Path(path)
    files = [where]
    if where.is_dir():
        files = sorted(file for file in where.iterdir() if file.suffix.lower() in KINDS)
        if not files:
            what, why = f"There is no image in {shown(path)}", "none of its files is one by name"
            raise ImageReadError(what, why, f"Known are {', '.join(sorted(KINDS))}.")
    return [images(read_image(file).srgb()[None]) for file in files]
