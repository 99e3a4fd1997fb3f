"""What placements share: edits checked, shown in a picture's own colours, and finished."""

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from overpaint.core.masks import paste_back
from overpaint.data.images import Picture
from overpaint.data.modes import Array
from overpaint.errors import NumericsError, OptionError


def checked(edited: Tensor, shape: torch.Size) -> Tensor:
    """An edit (3, H, W) or (1, 3, H, W) as (3, H, W) float32 in [-1, 1], where its model is not.

    Raises:
        OptionError: it has another shape.
        NumericsError: it holds NaN or infinity.
    """
    edited = edited.detach().cpu().float()
    edited = edited[0] if edited.ndim == 4 and edited.shape[0] == 1 else edited
    if edited.shape != shape:
        raise OptionError(f"the edit must be {tuple(shape)}, got {tuple(edited.shape)}")
    if not torch.isfinite(edited).all():
        raise NumericsError("the edit holds NaN or infinity", hint="try dtype float32")
    return edited.clamp(-1, 1)


def grey(mask: Tensor) -> Array:
    """A mask (1, S, S) in [0, 1] as (S, S) uint8."""
    return _bytes(mask.detach().cpu().float()[0].numpy() * 255)


def moved(here: Picture, large: Array, *, detail: bool) -> Array:
    """(H, W, 3) uint8 in the picture's own colours: nothing moves where the change is 0.

    large: (H, W, 3) float in sRGB grey levels: the change, or without `detail` what is shown.
    """
    if here.profile is None:
        return _bytes(here.pixels + large if detail else large)
    if not detail:
        return _bytes(here.profile.from_srgb(large))
    srgb = here.srgb().astype(np.float32)
    change = here.profile.from_srgb(srgb + large) - here.profile.from_srgb(srgb)
    return _bytes(here.pixels + change)


def masked(original: Array, pasted: Array, mask: Array) -> Array:
    """Both (H, W, 3) uint8, blended by (H, W) in [0, 1]: at 0 every byte is the original's."""
    weight = torch.from_numpy(mask[..., None]).float()
    return paste_back(torch.from_numpy(original), torch.from_numpy(pasted), weight).numpy()


def finished(picture: Picture, pixels: Array) -> Image.Image:
    """The edited pixels with all that the output keeps of the picture."""
    image = Image.fromarray(pixels)
    if picture.alpha is not None:
        image.putalpha(Image.fromarray(picture.alpha))
    kept = {"icc_profile": picture.icc, "dpi": picture.dpi, "exif": picture.exif}
    image.info.update({name: value for name, value in kept.items() if value is not None})
    return image


def _bytes(values: Array) -> Array:
    return np.rint(np.clip(values, 0, 255)).astype(np.uint8)
