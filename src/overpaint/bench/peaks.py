"""How much memory an edit takes at its most."""

import sys
from contextlib import suppress
from pathlib import Path

import torch

STATUS, CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")
FORGET = "5"  # what Linux takes for: the peak is now


def reset() -> None:
    """The peak from now on is what follows."""
    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()
    elif sys.platform == "linux":
        with suppress(OSError):  # a kernel may not offer it
            CLEAR.write_text(FORGET)


def peak() -> float:
    """Bytes that were held at the most since the last reset; NaN where the system does not say.

    Of the accelerator where there is one, else of the process.
    """
    if torch.cuda.is_available():
        return float(torch.cuda.max_memory_allocated())
    if sys.platform != "linux":
        return float("nan")
    lines = STATUS.read_text().splitlines()
    held = [line.split()[1] for line in lines if line.startswith("VmHWM")]
    return int(held[0]) * 1024.0 if held else float("nan")
