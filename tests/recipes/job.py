"""A tiny training job, run in a process of its own killed again and again."""

import os
import random
import signal
import sys
import time
from pathlib import Path

import torch
from torch import nn

from overpaint.recipes.fit import Batch, FitConfig, fit, numpy_rng

CONFIG = FitConfig(steps=300, lr=1e-2, warmup=5, seed=3, save_every_steps=5)


def network() -> nn.Module:
    """Convolution, normalisation with buffers, and dropout: all that carries state."""
    torch.manual_seed(0)
    parts = (nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.SiLU(), nn.Dropout(0.2), nn.Conv2d(8, 3, 3))
    return nn.Sequential(*parts)


def batch(step: int) -> Batch:
    """x: (4, 3, 8, 8) in [-1, 1]."""
    drawn = numpy_rng(CONFIG.seed, step).uniform(-1, 1, (4, 3, 8, 8))
    return {"x": torch.from_numpy(drawn).float()}


def loss(module: nn.Module, batch: Batch, generator: torch.Generator) -> torch.Tensor:
    """Tell the inner 4x4 of a noisy picture."""
    x = batch["x"]
    noisy = x + 0.1 * torch.randn(x.shape, generator=generator)
    return (module(noisy).float() - x[..., 2:-2, 2:-2]).square().mean()


def killed_run(folder: Path, moment: float) -> bool:
    """Run in a child, killed `moment` seconds after its first new checkpoint; False: it ended."""
    before = set(folder.glob("step-*"))
    if (child := os.fork()) == 0:
        for _ in fit(network(), loss, batch, CONFIG, folder):
            pass
        os._exit(0)
    while set(folder.glob("step-*")) <= before and os.waitpid(child, os.WNOHANG)[0] == 0:
        time.sleep(0.001)
    time.sleep(moment)
    os.kill(child, signal.SIGKILL)
    return os.waitpid(child, 0)[1] == signal.SIGKILL


if __name__ == "__main__":
    torch.set_num_threads(1)
    next(iter(fit(network(), loss, batch, CONFIG)))  # imports what the children share
    rng = random.Random(5)
    print(sum(killed_run(Path(sys.argv[1]), rng.uniform(0, 0.05)) for _ in range(8)))
