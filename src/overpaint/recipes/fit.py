"""The one optimiser loop: mixed precision, averaged weights, resumable bit for bit after a kill."""

import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn

from overpaint.recipes import checkpoint as checkpoints
from overpaint.recipes.checkpoint import Checkpoint, Tensors
from overpaint.recipes.state import TrainingState

Batch = dict[str, Tensor]
BatchFn = Callable[[int], Batch]
Figures = dict[str, float]
Loss = Callable[[nn.Module, Batch, torch.Generator], Tensor | tuple[Tensor, Figures]]

# How a run is carried out, not what it computes: free to change between resumes.
_MANNER = ("save_every_steps", "save_every_seconds", "max_seconds")


@dataclass(frozen=True)
class FitConfig:
    """What one fit does; `steps` drives the schedule, `max_seconds` only pauses the run."""

    steps: int
    lr: float = 2e-4
    warmup: int = 100
    schedule: Literal["cosine", "constant"] = "cosine"
    weight_decay: float = 0.01
    betas: tuple[float, float] = (0.9, 0.99)
    ema: float = 0.999
    clip: float = 1.0
    autocast: Literal["auto", "bf16", "off"] = "auto"
    compile: bool = False
    seed: int = 0
    save_every_steps: int | None = None
    save_every_seconds: float | None = 300.0
    max_seconds: float | None = None


@dataclass(frozen=True)
class Progress:
    """The state after `step` steps; `ema` is live: averaged trainable weights, and all buffers."""

    step: int
    loss: float
    lr: float
    seconds: float
    figures: Figures = field(default_factory=dict)
    ema: Tensors = field(default_factory=dict, repr=False, compare=False)


def fit(
    module: nn.Module,
    loss: Loss,
    batch: BatchFn,
    config: FitConfig,
    folder: Path | None = None,
    *,
    about: Mapping[str, Any] | None = None,
    allow_change: bool = False,
) -> Iterator[Progress]:
    """Train `module` in place where it stands, one Progress a step; goes on from `folder`.

    Every step's randomness is a function of (seed, step): that of `batch` (see `numpy_rng`), of
    the generator given to `loss`, and of dropout. So a resumed run ends at the same bits.

    Args:
        module: all that is trained, and only that; frozen judges live in the closure of `loss`.
        about: what else the run depends on (batch size, data), compared when it goes on.

    Raises:
        NumericsError: the loss or its gradient is not finite.
        CheckpointError, OptionError: see `checkpoint.load`.
    """
    began = saved_at = time.monotonic()
    device = next(module.parameters()).device
    precision = autocast_dtype(config.autocast, device)
    module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    state = TrainingState(
        module, lr=config.lr, betas=config.betas, weight_decay=config.weight_decay
    )
    settings = _settings(config, precision, device, about or {})
    now = Progress(0, math.nan, 0.0, 0.0, ema=state.ema)
    if folder and (found := checkpoints.load(folder, settings, allow_change=allow_change)):
        state.restore(found.weights, found.ema, found.optimizer)
        figures = dict(found.figures)
        now = Progress(found.step, figures.pop("loss"), 0.0, 0.0, figures, state.ema)
        yield now

    saved = now.step

    def save() -> None:
        nonlocal saved, saved_at
        if folder and saved != now.step:
            figures = {**now.figures, "loss": now.loss}
            parts = (state.weights(), state.ema, state.moments())
            checkpoints.save(folder, Checkpoint(now.step, settings, *parts, figures))
            saved, saved_at = now.step, time.monotonic()

    with _compiled(module) if config.compile else ExitStack():
        while now.step < config.steps:
            lr = learning_rate(now.step, config)
            module.train()
            with _seeded(config.seed, now.step, device) as generator:
                with torch.autocast(device.type, precision, enabled=precision is not None):
                    out = loss(module, _placed(batch(now.step), device), generator)
                value, figures = out if isinstance(out, tuple) else (out, Figures())
                told = state.descend(value, lr=lr, clip=config.clip)
            step = now.step + 1
            state.average(min(config.ema, (1 + step) / (10 + step)))
            clock = time.monotonic()
            now = Progress(step, told, lr, clock - began, figures, state.ema)
            over = config.max_seconds is not None and now.seconds >= config.max_seconds
            if over or step == config.steps or _due(step, clock - saved_at, config):
                save()
            try:
                yield now
            except GeneratorExit:  # the caller leaves between two steps: nothing is lost
                save()
                raise
            if over:
                return


def learning_rate(step: int, config: FitConfig) -> float:
    """Linear warm-up, then constant, or half a cosine that ends at zero after `config.steps`."""
    if step < config.warmup:
        return config.lr * (step + 1) / config.warmup
    if config.schedule == "constant":
        return config.lr
    done = (step - config.warmup) / max(1, config.steps - config.warmup)
    return config.lr * 0.5 * (1 + math.cos(math.pi * min(1.0, done)))


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


def _settings(
    config: FitConfig, precision: torch.dtype | None, device: torch.device, about: Mapping[str, Any]
) -> dict[str, Any]:
    """What the bits of the result depend on, as plain data."""
    settings = {k: v for k, v in asdict(config).items() if k not in _MANNER}
    settings |= {"autocast": str(precision), "device": device.type}
    return settings | {f"about.{name}": value for name, value in about.items()}


def _due(step: int, since_save: float, config: FitConfig) -> bool:
    """Whether a checkpoint is due, by steps or by seconds."""
    by_steps = config.save_every_steps is not None and step % config.save_every_steps == 0
    by_time = config.save_every_seconds is not None and since_save >= config.save_every_seconds
    return by_steps or by_time


def _placed(batch: Batch, device: torch.device) -> Batch:
    """The batch on the device, pictures in channels-last order."""
    layout = {True: torch.channels_last, False: torch.preserve_format}
    return {
        name: value.to(device, non_blocking=True, memory_format=layout[value.ndim == 4])
        for name, value in batch.items()
    }


@contextmanager
def _seeded(seed: int, step: int, device: torch.device) -> Iterator[torch.Generator]:
    """A generator for this step; the global one (dropout) is seeded alike and put back."""
    own = int(numpy_rng(seed, step).bit_generator.random_raw() >> 1)
    devices = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices):
        torch.manual_seed(own)
        yield torch.Generator(device).manual_seed(own)


@contextmanager
def _compiled(module: nn.Module) -> Iterator[None]:
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
