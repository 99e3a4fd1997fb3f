"""Pictures that are arrays or tensors already: checked, and brought to uint8."""

from typing import Any

import numpy as np

from overpaint.data.decoding import check_size
from overpaint.data.modes import Array, Planes, eight_bits
from overpaint.errors import ImageReadError

_WHAT = "cannot use this array as a picture"
_CHANNELS = {1: "grey", 2: "grey and alpha", 3: "RGB", 4: "RGBA"}


def is_tensor(source: object) -> bool:
    """Whether it is a torch tensor, found out without importing torch."""
    kinds = type(source).__mro__
    return any(k.__module__ == "torch" and k.__name__ == "Tensor" for k in kinds)


def from_tensor(source: Any, max_pixels: int) -> Planes:
    """(1, C, H, W) or (C, H, W), float in [0, 1] or uint8."""
    try:
        tensor = source.detach().cpu()
        tensor = tensor.float() if tensor.is_floating_point() else tensor
        tensor.numpy()
    except Exception as error:  # sparse, quantised and empty-handed tensors hold no picture
        raise ImageReadError(_WHAT, str(error).splitlines()[0], "pass a dense tensor") from error
    if tensor.ndim == 4 and tensor.shape[0] == 1:
        tensor = tensor[0]
    if tensor.ndim != 3:
        why = f"a tensor of one picture is (1, C, H, W), not {tuple(source.shape)}"
        raise ImageReadError(_WHAT, why, "pass one picture at a time")
    return from_array(tensor.permute(1, 2, 0).numpy(), max_pixels)


def from_array(source: Array, max_pixels: int) -> Planes:
    """(H, W) or (H, W, C), uint8, uint16, bool, or float in [0, 1]."""
    values = source[..., None] if source.ndim == 2 else source
    if values.ndim != 3 or values.shape[2] not in _CHANNELS:
        why = f"an array is (H, W), or (H, W, C) with 1 to 4 channels, not {source.shape}"
        raise ImageReadError(_WHAT, why, "put the channels last")
    check_size((values.shape[1], values.shape[0]), "this array", max_pixels)
    values = _bytes(values)
    alpha = values[..., -1].copy() if values.shape[2] in (2, 4) else None
    colour = values if alpha is None else values[..., :-1]
    space = "RGB" if colour.shape[2] == 3 else "GRAY"
    return Planes(np.array(np.broadcast_to(colour, (*colour.shape[:2], 3))), alpha, space)


def _bytes(values: Array) -> Array:
    if values.dtype == np.uint8:
        return values
    if values.dtype == np.uint16:
        return eight_bits(values)
    if values.dtype == bool:
        return values.astype(np.uint8) * 255
    if values.dtype.kind != "f":
        why = f"its values are {values.dtype}, not uint8, uint16 or float in [0, 1]"
        raise ImageReadError(_WHAT, why, "convert it to uint8")
    low, high = float(values.min()), float(values.max())
    if not np.isfinite([low, high]).all():
        raise ImageReadError(_WHAT, "it holds NaN or infinity", "look at what made it")
    if low < -1e-3 or high > 1 + 1e-3:
        why = f"its values run from {low:g} to {high:g}, and [0, 1] is expected"
        raise ImageReadError(_WHAT, why, "scale it to [0, 1], or pass uint8")
    return np.rint(np.clip(values.astype(np.float32), 0, 1) * 255).astype(np.uint8)
