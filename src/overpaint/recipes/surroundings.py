"""What one training step runs in: its seeds, its precision, its device, its compiler."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor, nn

Batch = dict[str, Tensor]


def numpy_rng(seed: int, step: int) -> np.random.Generator:
    """The counter-based stream (Philox) of one step: what batches are drawn from."""
    return np.random.Generator(np.random.Philox(key=[seed, step]))


def autocast_dtype(mode: str, device: torch.device) -> torch.dtype | None:
    """bfloat16 where it is asked for or, by "auto", where the hardware computes in it."""
    able = (
        torch.cuda.is_bf16_supported()
        if device.type == "cuda"
        else bool(torch.backends.cpu.get_cpu_capability().startswith("AVX512"))
        and torch.cpu._is_avx512_bf16_supported()
    )
    return torch.bfloat16 if mode == "bf16" or (mode == "auto" and able) else None


def placed(batch: Batch, device: torch.device) -> Batch:
    """The batch on the device, pictures in channels-last order."""
    layout = {True: torch.channels_last, False: torch.preserve_format}
    return {
        name: value.to(device, non_blocking=True, memory_format=layout[value.ndim == 4])
        for name, value in batch.items()
    }


@contextmanager
def seeded(seed: int, step: int, device: torch.device) -> Iterator[torch.Generator]:
    """A generator for this step; the global one (dropout) is seeded alike and put back."""
    own = int(numpy_rng(seed, step).bit_generator.random_raw() >> 1)
    devices = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices):
        torch.manual_seed(own)
        yield torch.Generator(device).manual_seed(own)


@contextmanager
def compiled(module: nn.Module) -> Iterator[None]:
    """Compile in place, each child of a mere container; the state dict keeps its names."""
    container = type(module).forward is nn.Module.forward
    parts = list(module.children()) if container else [module]
    try:
        for part in parts:
            part.forward = torch.compile(part.forward)  # type: ignore[method-assign]
        yield
    finally:
        for part in parts:
            part.__dict__.pop("forward", None)
