"""Memory and gradient of tuning a whole chain: all kept, made anew by step, and step by step.

Each way is measured in a process of its own: by how much the peak of its memory lies above what it
held before (Linux). What autograd keeps of the forward pass is counted beside it.
"""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor, nn

import overpaint
from overpaint.bench.peaks import peak, reset
from overpaint.core.schedule import below
from overpaint.models.portions import Portions, saved_bytes
from overpaint.models.tuning import whole
from overpaint.recipes.chain import Chain
from overpaint.recipes.gradients import by_move, through

STEPS, BATCH, T0 = 6, 8, 400.0
PLAIN, ANEW, BY_MOVE, PORTIONS = "full", "checkpointed", "per-step", "checkpointed, 2 at once"


def measured() -> dict[str, float]:
    """Megabytes of each way, their share of the plain one's, and how far its gradient is off."""
    figures = {}
    for way in (PLAIN, ANEW, BY_MOVE, PORTIONS):
        command = [sys.executable, "-m", "benchmarks.memory", way]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        for what, value in json.loads(done.stdout).items():
            figures[f"{way}: {what}"] = value
    for way in (ANEW, BY_MOVE, PORTIONS):
        share = figures[f"{way}: peak, MiB"] / figures[f"{PLAIN}: peak, MiB"]
        figures[f"{way}: share of the peak"] = share
    figures["checkpointed: gradient off, relative"] = difference()
    return figures


def difference() -> float:
    """How far the gradient that is made anew is from the plain one, as a share of its length."""
    found = []
    for way in (PLAIN, ANEW):
        net, backward = prepared(way)
        backward()
        found.append(torch.cat([p.grad.flatten() for p in net.parameters() if p.grad is not None]))
    return float((found[1] - found[0]).norm() / found[0].norm())


def prepared(way: str) -> tuple[nn.Module, Callable[[], None]]:
    """The network of the embedded model, and a gradient of the mean colour of what it draws."""
    model = overpaint.load("portraits", "cpu", "float32")
    chain = Chain(model, model.schedule.path(below(T0, STEPS)), checkpointed=way != PLAIN)
    if way == PORTIONS:
        chain = replace(chain, portions=Portions(BATCH, 2))
    net, rng = whole(model), torch.Generator().manual_seed(0)
    shape = model.codec.encode(torch.zeros(BATCH, 3, model.size, model.size)).shape
    latents = torch.randn(shape, generator=rng)
    pictures = torch.zeros(BATCH, 3, model.size, model.size)

    def aim(source: Tensor, edited: Tensor, rng: torch.Generator) -> tuple[Tensor, dict]:
        return (edited - source).square().mean(), {}

    loss = (by_move if way == BY_MOVE else through)(chain, aim)
    batch = {"pictures": pictures, "latents": latents}
    return net, lambda: loss(net, batch, rng)[0].backward()


def alone(way: str) -> dict[str, float]:
    """Megabytes that one gradient takes in this process; the network's own gradient included."""
    _, backward = prepared(way)
    reset()  # forget what loading took
    before = peak()
    with saved_bytes() as saved:
        backward()
    return {"peak, MiB": (peak() - before) / 2**20, "kept, MiB": saved.count / 2**20}


if __name__ == "__main__":
    print(json.dumps(alone(sys.argv[1])))
