"""Which device a network runs on, and in which precision."""

from contextlib import AbstractContextManager
from typing import Any, TypeVar, cast

import torch
from torch import nn

from overpaint.errors import OptionError

N = TypeVar("N", bound=nn.Module)
DTYPES = {
    "float32": torch.float32,
    "bfloat16": torch.bfloat16,
    "float16": torch.float16,
}


def pick_device(name: str = "auto") -> torch.device:
    """The device called `name`; "auto" is the first GPU, else the processor."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise OptionError(
            f"{name!r} is not a device", str(error).splitlines()[0], "Use auto, cpu or cuda."
        ) from error
    if device.type == "cuda" and not torch.cuda.is_available():
        raise OptionError("This machine has no CUDA device", hint="Use --device cpu.")
    if device.type not in ("cpu", "cuda", "mps"):
        raise OptionError(f"{name!r} is not supported", hint="Use auto, cpu, cuda or mps.")
    return device


def pick_dtype(name: str, device: torch.device) -> torch.dtype:
    """The precision networks run in; "auto" is bfloat16 where the hardware multiplies it."""
    if name != "auto":
        if name not in DTYPES:
            raise OptionError(f"{name!r} is not a dtype", hint=f"Use auto, {', '.join(DTYPES)}.")
        return DTYPES[name]
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
    return torch.bfloat16 if device.type == "cpu" and _multiplies_bfloat16() else torch.float32


def placed(net: N, device: torch.device | str) -> N:
    """`net` on `device`, frozen, in evaluation mode and channels-last, as convolutions like it."""
    net.eval().requires_grad_(False)
    return cast(Any, net).to(device=device, memory_format=torch.channels_last)


def running(device: torch.device, dtype: torch.dtype) -> AbstractContextManager[None]:
    """Autocast to `dtype`, or nothing for float32."""
    low = dtype != torch.float32
    return torch.autocast(device.type, dtype if low else torch.bfloat16, enabled=low)


def _multiplies_bfloat16() -> bool:
    checks = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    return any(bool(getattr(torch.cpu, check, lambda: False)()) for check in checks)
