"""A loaded diffusion model: network, schedule and codec, called as `(x, level) -> Prediction`."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, Protocol, Self

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional as F

from overpaint.core.prediction import PREDICTIONS, Prediction, joined, split_variance
from overpaint.core.schedule import Level, Schedule
from overpaint.errors import NumericsError, OptionError
from overpaint.models.classes import Classes
from overpaint.models.conditions import Cond, Reader
from overpaint.models.devices import running
from overpaint.models.sides import Sides


class Codec(Protocol):
    """Between images `(B, 3, H, W)` in [-1, 1] and the space the network works in; masks too.

    All three are differentiable. The space is `H / factor` high and `W / factor` wide.
    """

    @property
    def factor(self) -> int: ...

    def encode(self, images: Tensor) -> Tensor: ...

    def decode(self, x: Tensor) -> Tensor: ...

    def encode_mask(self, mask: Tensor) -> Tensor: ...


@dataclass(frozen=True)
class Unshuffle:
    """Pixels as they are, each `factor` x `factor` square moved into the channels."""

    factor: int = 1

    def encode(self, images: Tensor) -> Tensor:
        """`(B, 3, H, W)` to `(B, 3 f², H/f, W/f)`."""
        return F.pixel_unshuffle(images, self.factor)

    def decode(self, x: Tensor) -> Tensor:
        """`(B, 3 f², H/f, W/f)` to `(B, 3, H, W)`."""
        return F.pixel_shuffle(x, self.factor)

    def encode_mask(self, mask: Tensor) -> Tensor:
        """`(B, 1, H, W)` to `(B, 3 f², H/f, W/f)`, each number where its pixel's colours go."""
        return self.encode(mask.expand(-1, 3, -1, -1))


Ask = Callable[[Callable[..., Any], Tensor, Tensor, Any], Tensor]
"""Calls a network `(x, times, condition)`, where the last is `Cond`, class labels or None."""


def by_label(net: Callable[..., Any], x: Tensor, times: Tensor, labels: Tensor | None) -> Tensor:
    """A diffusers `UNet2DModel`, or any network of state and times."""
    out = net(x, times) if labels is None else net(x, times, labels)
    return out if isinstance(out, Tensor) else out.sample  # type: ignore[no-any-return]


def by_text(net: Callable[..., Any], x: Tensor, times: Tensor, cond: Cond) -> Tensor:
    """A diffusers `UNet2DConditionModel` that attends to the tokens of a text."""
    return net(x, times, encoder_hidden_states=cond.text).sample  # type: ignore[no-any-return]


Paces = Callable[[int, int], Schedule]
"""The schedule for pictures of a width and a height."""


@dataclass
class Calls:
    """Counts forwards of a network; given to the model of one edit."""

    count: int = 0
    rows: int = 0  # each one that a batch holds: guidance takes two of a picture


@dataclass(frozen=True)
class DiffusionModel:
    """A network with what is needed to use it; state is float32 whatever the network runs in."""

    net: nn.Module
    schedule: Schedule
    codec: Codec
    size: int  # side of the square pictures it was trained on
    prediction: str = "eps"  # a key of PREDICTIONS
    name: str = ""
    path: Path | None = None
    hash: str = ""  # sha256[:10] of the weights file
    dtype: torch.dtype = torch.float32  # the network's multiplications; weights stay as loaded
    text: Reader | None = None  # of a network that reads texts
    sides: Sides | None = None  # of one that takes pictures of any shape
    paces: Paces | None = None  # of one whose noise goes by the picture's size
    ask: Ask = by_label
    classes: Classes | None = None  # of a class-conditional network
    card: Mapping[str, Any] = field(default_factory=dict)
    weights: Mapping[str, Tensor] = field(default_factory=dict)  # stand in for the net's own
    calls: Calls | None = None

    @property
    def device(self) -> torch.device:
        """Where the network lies, and its state should."""
        return next(self.net.parameters()).device

    @property
    def frame(self) -> int | Sides:
        """What a picture is fitted into: squares of this side, or any that it takes."""
        return self.size if self.sides is None else self.sides

    def paced(self, images: Tensor) -> Self:
        """The model for pictures (B, 3, H, W) of this size."""
        if self.paces is None:
            return self
        return replace(self, schedule=self.paces(images.shape[-1], images.shape[-2]))

    def __call__(self, x: Tensor, level: Level, cond: Cond | Tensor | None = None) -> Prediction:
        """What the network says about `x` `(B, C, h, w)` at `level`.

        cond: a text of `text`, by default the empty one, or see `Classes`.
        """
        return self.several(x, (level,), cond)

    def several(
        self, x: Tensor, levels: Sequence[Level], cond: Cond | Tensor | None = None
    ) -> Prediction:
        """The same of rows in as many equal groups as there are levels, each group at its own."""
        if self.calls is not None:
            self.calls.count += len(levels)
            self.calls.rows += len(x)
        times = torch.tensor([self.schedule.clock(level) for level in levels], device=x.device)
        times = times.repeat_interleave(len(x) // len(levels))
        out = self._forward(x.float(), times, self._told(x, cond))
        if not bool(torch.isfinite(out).all()):
            raise NumericsError(
                f"The network of {self.name or 'the model'} returned NaN or infinity",
                f"at time {times[0]:g}, in {str(self.dtype).removeprefix('torch.')}",
                "Its weights may be damaged: download them anew."
                if self.dtype == torch.float32
                else "Try --dtype float32; if that fails too, the weights are damaged.",
            )
        variance = None
        if out.shape[1] == 2 * x.shape[1]:
            out, variance = split_variance(out)
        shares = [None] * len(levels) if variance is None else variance.chunk(len(levels))
        rows = (x.float().chunk(len(levels)), levels, out.chunk(len(levels)), shares)
        predicted = PREDICTIONS[self.prediction]
        return joined([predicted(*group) for group in zip(*rows, strict=True)])

    def _told(self, x: Tensor, cond: Cond | Tensor | None) -> Cond | Tensor | None:
        if self.text is not None:
            if not isinstance(cond, Cond | None):
                raise OptionError(f"{self.name or 'The model'} reads texts", "cond is no `Cond`")
            return (self.text([""]) if cond is None else cond).beside(x)
        if self.classes is not None and not isinstance(cond, Cond):
            return self.classes.labels(cond, x)
        if cond is not None:
            other = "reads no text" if isinstance(cond, Cond) else "has no classes"
            raise OptionError(f"{self.name or 'The model'} {other}", "but cond is given")
        return None

    def _forward(self, x: Tensor, times: Tensor, told: Cond | Tensor | None) -> Tensor:
        x = x.contiguous(memory_format=torch.channels_last)
        net: Callable[..., Any] = self.net
        if self.weights:
            net = partial(_with_weights, self.net, dict(self.weights))
        with running(x.device, self.dtype):
            return self.ask(net, x, times, told).float().contiguous()


def _with_weights(net: nn.Module, weights: dict[str, Tensor], *args: Any, **named: Any) -> Any:
    return functional_call(net, weights, args, named)
