"""How many pictures go through a network at once, found from the memory that is free."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

SHARE = 0.5  # of the free memory; the judges of the pictures need room too
UNKNOWN = 1 << 62


@dataclass
class Portions:
    """Lives for one run; smaller when memory runs out.

    Args:
        whole: pictures in a batch.
        size: of them at once; 0: all.
        found: whether `size` was found here, not asked for.
    """

    whole: int = 1
    size: int = 0
    found: bool = False

    def halve(self) -> bool:
        """Half as many from now on; False where one is too many already."""
        size = min(self.size or self.whole, self.whole)
        self.size = max(1, size // 2)
        return size > 1


def fitting(
    one: Callable[[], object], whole: int, device: torch.device, calls: int = 1
) -> Portions:
    """As many of `whole` pictures at once as the free memory holds.

    Args:
        one: a network call of one picture, with gradients.
        calls: how many of them a batch keeps for the way back; one, once it is split.
    """
    with saved_bytes() as saved, torch.random.fork_rng([]):
        one()
    room = SHARE * free_memory(device) / max(1, saved.count)
    if whole * calls <= room:
        return Portions(whole, found=True)
    return Portions(whole, max(1, min(int(room), whole - 1)), found=True)


def free_memory(device: torch.device) -> int:
    """Bytes that can still be taken on a GPU, or of the processor's memory."""
    if device.type == "cuda":
        unused = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return torch.cuda.mem_get_info(device)[0] + unused
    return min(_available(), _allowed())


def _available() -> int:
    """What Linux would hand out without swapping; without bounds where no system tells."""
    with suppress(OSError):
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    return UNKNOWN


def _allowed() -> int:
    """What a container (cgroup v2) still leaves."""
    group = Path("/sys/fs/cgroup")
    with suppress(OSError, ValueError):  # ValueError: the word "max"
        most = int((group / "memory.max").read_text())
        return most - int((group / "memory.current").read_text())
    return UNKNOWN


@dataclass
class Saved:
    """Bytes that autograd keeps for the way back."""

    count: int = 0


@contextmanager
def saved_bytes() -> Iterator[Saved]:
    """Counts what is kept while it is open: each storage once, parameters not at all."""
    saved, seen = Saved(), dict[int, Tensor]()

    def keep(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in seen and not isinstance(tensor, torch.nn.Parameter):
            seen[storage.data_ptr()] = tensor  # alive, so that its place is not given again
            saved.count += storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        yield saved
