"""The one optimiser loop: mixed precision, averaged weights, resumable bit for bit after a kill."""

import math
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Literal, TypeVar

import torch
from torch import Tensor, nn

from overpaint.errors import CheckpointError, OptionError
from overpaint.memory import ran_out
from overpaint.recipes import checkpoint as checkpoints
from overpaint.recipes.checkpoint import Checkpoint, Tensors
from overpaint.recipes.state import TrainingState
from overpaint.recipes.surroundings import (
    Batch,
    autocast_dtype,
    compiled,
    numpy_rng,
    placed,
    seeded,
)

BatchFn = Callable[[int], Batch]
Figures = dict[str, float]
Settings = Mapping[str, Any]
Changed = Literal["refuse", "allow", "afresh"]
Loss = Callable[[nn.Module, Batch, torch.Generator], Tensor | tuple[Tensor, Figures]]

T = TypeVar("T")

__all__ = ["Batch", "BatchFn", "Changed", "FitConfig", "Loss", "Progress", "fit", "numpy_rng"]

# How a run is carried out, not what it computes: free to change between resumes.
_MANNER = ("save_every_steps", "save_every_seconds", "max_seconds")


@dataclass(frozen=True)
class FitConfig:
    """What one fit does; `steps` drives the schedule, `max_seconds` only pauses the run."""

    steps: int
    lr: float = 2e-4
    warmup: int = 100
    schedule: Literal["cosine", "constant", "growing"] = "cosine"
    growth: float = 1.0  # of a growing rate, every so many steps
    growth_steps: int = 1
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
    """The state after `step` steps.

    Args:
        seconds: of training so far, those before a resume included.
        ema: the averaged trainable weights and all buffers; live, so copy what you keep.
    """

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
    about: Settings | None = None,
    changed: Changed = "refuse",
    lighten: Callable[[], bool] = lambda: False,
) -> Iterator[Progress]:
    """Train `module` in place where it stands, one Progress a step; goes on from `folder`.

    Every step's randomness is a function of (seed, step): that of `batch` (see `numpy_rng`), of
    the generator given to `loss`, and of dropout. So a resumed run ends at the same bits.

    Args:
        module: all that is trained, and only that; frozen judges live in the closure of `loss`.
        about: what else the run depends on (batch size, data), compared when it goes on.
        changed: what happens to a checkpoint made under other settings, or damaged.
        lighten: called when memory runs out; whether there is now hope, and the step is repeated.

    Raises:
        NumericsError: the loss or its gradient is not finite.
        CheckpointError, OptionError: see `checkpoint.load`, unless it is to begin afresh.
    """
    began = time.monotonic()
    module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    state = TrainingState(
        module, lr=config.lr, betas=config.betas, weight_decay=config.weight_decay
    )
    keeper = _Keeper(folder, _settings(config, state.device, about or {}), state, config)
    now = first = keeper.resumed(changed)
    if now.step:
        yield now
    with compiled(module) if config.compile else ExitStack():
        while now.step < config.steps:
            step = partial(_step, state, loss, batch, config, now.step)
            told, figures = _lightened(step, lighten)
            spent, lr = time.monotonic() - began, learning_rate(now.step, config)
            now = Progress(now.step + 1, told, lr, first.seconds + spent, figures, state.ema)
            over = config.max_seconds is not None and spent >= config.max_seconds
            if over or keeper.due(now.step):
                keeper.save(now)
            try:
                yield now
            except GeneratorExit:  # the caller leaves between two steps: nothing is lost
                keeper.save(now)
                raise
            if over:
                return


def _step(
    state: TrainingState, loss: Loss, batch: BatchFn, config: FitConfig, step: int
) -> tuple[float, Figures]:
    """One batch, one descent, one average; returns the loss and the loss's own figures."""
    precision = autocast_dtype(config.autocast, state.device)
    state.module.train()
    with seeded(config.seed, step, state.device) as generator:
        with torch.autocast(state.device.type, precision, enabled=precision is not None):
            out = loss(state.module, placed(batch(step), state.device), generator)
        value, figures = out if isinstance(out, tuple) else (out, Figures())
        told = state.descend(value, lr=learning_rate(step, config), clip=config.clip)
    state.average(min(config.ema, (2 + step) / (11 + step)))
    return told, figures


def _lightened(step: Callable[[], T], lighten: Callable[[], bool]) -> T:
    """`step`, again and again while memory runs out and `lighten` helps."""
    while True:
        try:
            return step()
        except (RuntimeError, MemoryError) as error:
            if not ran_out(error) or not lighten():
                raise
        # Out of the handler, whose traceback holds the tensors that were too many.
        if torch.cuda.is_available():
            torch.cuda.empty_cache()


class _Keeper:
    """Writes a run's checkpoints and knows when the next one is due."""

    def __init__(
        self, folder: Path | None, settings: Settings, state: TrainingState, config: FitConfig
    ) -> None:
        self.folder, self.settings, self.state, self.config = folder, settings, state, config
        self.saved_step, self.saved_at = 0, time.monotonic()

    def resumed(self, changed: Changed) -> Progress:
        """Where the run stands: at its newest checkpoint, or at the beginning."""
        none = Progress(0, math.nan, 0.0, 0.0, ema=self.state.ema)
        if self.folder is None:
            return none
        try:
            found = checkpoints.load(self.folder, self.settings, allow_change=changed == "allow")
        except (OptionError, CheckpointError):
            if changed != "afresh":
                raise
            shutil.rmtree(self.folder)
            return none
        if found is None:
            return none
        self.state.restore(found.weights, found.ema, found.optimizer)
        self.saved_step = found.step
        figures = dict(found.figures)
        told, before = figures.pop("loss"), figures.pop("seconds", 0.0)
        lr = learning_rate(found.step - 1, self.config)
        return Progress(found.step, told, lr, before, figures, self.state.ema)

    def due(self, step: int) -> bool:
        """Whether a checkpoint is due: by steps, by seconds, or at the end."""
        steps, seconds = self.config.save_every_steps, self.config.save_every_seconds
        by_steps = steps is not None and step % steps == 0
        by_time = seconds is not None and time.monotonic() - self.saved_at >= seconds
        return by_steps or by_time or step == self.config.steps

    def save(self, now: Progress) -> None:
        """Keep this moment, if it is not kept yet."""
        if self.folder is None or self.saved_step == now.step:
            return
        figures = {**now.figures, "loss": now.loss, "seconds": now.seconds}
        parts = (self.state.weights(), self.state.ema, self.state.moments())
        checkpoints.save(self.folder, Checkpoint(now.step, self.settings, *parts, figures))
        self.saved_step, self.saved_at = now.step, time.monotonic()


def learning_rate(step: int, config: FitConfig) -> float:
    """Linear warm-up, then constant, growing in stairs, or half a cosine that ends at zero."""
    if step < config.warmup:
        return config.lr * (step + 1) / config.warmup
    if config.schedule == "constant":
        return config.lr
    if config.schedule == "growing":
        return config.lr * config.growth ** ((step - config.warmup) // config.growth_steps)
    done = (step - config.warmup) / max(1, config.steps - config.warmup)
    return config.lr * 0.5 * (1 + math.cos(math.pi * min(1.0, done)))


def _settings(config: FitConfig, device: torch.device, about: Settings) -> Settings:
    """What the bits of the result depend on, as plain data."""
    settings = {k: v for k, v in asdict(config).items() if k not in _MANNER}
    settings |= {"autocast": str(autocast_dtype(config.autocast, device)), "device": device.type}
    return settings | {f"about.{name}": value for name, value in about.items()}
