"""A loaded diffusion model: network, schedule and codec, called as `(x, level) -> Prediction`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional as F

from overpaint.core.prediction import PREDICTIONS, Prediction, split_variance
from overpaint.core.schedule import Level, NoiseSchedule
from overpaint.errors import NumericsError, OptionError
from overpaint.models.classes import Classes
from overpaint.models.devices import running


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


@dataclass
class Calls:
    """Counts forwards of a network; given to the model of one edit."""

    count: int = 0


@dataclass(frozen=True)
class DiffusionModel:
    """A network with what is needed to use it; state is float32 whatever the network runs in."""

    net: nn.Module
    schedule: NoiseSchedule
    codec: Codec
    size: int  # side of the square images it was trained on
    prediction: str = "eps"  # a key of PREDICTIONS
    name: str = ""
    path: Path | None = None
    hash: str = ""  # sha256[:10] of the weights file
    dtype: torch.dtype = torch.float32  # the network's multiplications; weights stay as loaded
    text: None = None  # no network reads one yet
    classes: Classes | None = None  # of a class-conditional network
    card: Mapping[str, Any] = field(default_factory=dict)
    weights: Mapping[str, Tensor] = field(default_factory=dict)  # stand in for the net's own
    calls: Calls | None = None

    @property
    def device(self) -> torch.device:
        """Where the network lies, and its state should."""
        return next(self.net.parameters()).device

    def __call__(self, x: Tensor, level: Level, cond: Tensor | None = None) -> Prediction:
        """What the network says about `x` `(B, C, h, w)` at `level`; `cond`: see `Classes`."""
        if self.classes is None and cond is not None:
            raise OptionError(f"{self.name or 'The model'} has no classes", "but cond is given")
        if self.calls is not None:
            self.calls.count += 1
        # A clean state (t = -1) is asked for at the first time that was trained.
        times = torch.full((x.shape[0],), max(level.t, 0.0), device=x.device)
        labels = () if self.classes is None else (self.classes.labels(cond, x),)
        out = self._forward(x.float(), times, *labels)
        if not bool(torch.isfinite(out).all()):
            raise NumericsError(
                f"The network of {self.name or 'the model'} returned NaN or infinity",
                f"at time {level.t:g}, in {str(self.dtype).removeprefix('torch.')}",
                "Try --dtype float32; if that fails too, the weights are damaged.",
            )
        variance = None
        if out.shape[1] == 2 * x.shape[1]:
            out, variance = split_variance(out)
        return PREDICTIONS[self.prediction](x.float(), level, out, variance)

    def _forward(self, x: Tensor, *conditions: Tensor) -> Tensor:
        x = x.contiguous(memory_format=torch.channels_last)
        with running(x.device, self.dtype):
            if self.weights:
                out = functional_call(self.net, dict(self.weights), (x, *conditions))
            else:
                out = self.net(x, *conditions)
        return (out if isinstance(out, Tensor) else out.sample).float().contiguous()
