"""Low-rank changes of a network's weights (arXiv:2106.09685), in peft's file format."""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

# Residual convolutions, attention projections and the way of the time into them.
TARGETS = (
    r".*\.(resnets\.\d+\.(conv1|conv2|conv_shortcut|time_emb_proj)"
    r"|attentions\.\d+\.(to_q|to_k|to_v|to_out\.0))"
)
PREFIX = "base_model.model."


@dataclass(frozen=True)
class LoraConfig:
    """Rank of the change, its scale `alpha / rank`, and which layers it acts on (a full match)."""

    rank: int = 16
    alpha: float = 16.0
    targets: str = TARGETS

    @property
    def scaling(self) -> float:
        """What the product of the factors is multiplied by."""
        return self.alpha / self.rank


class Lora(nn.Module):
    """The trainable factors alone; the network they change is not touched.

    `control.with_lora(model, lora)` is the changed model, with gradients to the factors.
    """

    def __init__(self, net: nn.Module, config: LoraConfig, seed: int = 0) -> None:
        super().__init__()
        self.config = config
        self.names = [name for name, _ in _layers(net, config.targets)]
        rng = torch.Generator().manual_seed(seed)
        self.down, self.up = nn.ParameterList(), nn.ParameterList()
        for _, layer in _layers(net, config.targets):
            weight = layer.get_parameter("weight")
            rank, tail = config.rank, weight.shape[1:]
            bound = 1 / math.sqrt(math.prod(tail))  # Kaiming uniform with a = sqrt(5), as peft
            down = (torch.rand(rank, *tail, generator=rng) * 2 - 1) * bound
            up = torch.zeros(weight.shape[0], rank, *([1] * (weight.ndim - 2)))
            self.down.append(down.to(weight.device))
            self.up.append(up.to(weight.device))

    def changes(self) -> dict[str, Tensor]:
        """Parameter name to what is added to it, at scale 1."""
        factors = zip(self.names, self.down, self.up, strict=True)
        return {
            f"{name}.weight": product(down, up) * self.config.scaling for name, down, up in factors
        }

    def state(self) -> dict[str, Tensor]:
        """The factors under peft's names."""
        out = {}
        for name, down, up in zip(self.names, self.down, self.up, strict=True):
            out[f"{PREFIX}{name}.lora_A.weight"] = down.detach().cpu().contiguous()
            out[f"{PREFIX}{name}.lora_B.weight"] = up.detach().cpu().contiguous()
        return out


def product(down: Tensor, up: Tensor) -> Tensor:
    """The weight `(out, in, ...)` of `down` `(r, in, ...)` followed by `up` `(out, r, 1, ...)`."""
    return (up.flatten(1) @ down.flatten(1)).view(up.shape[0], *down.shape[1:])


def changed(net: nn.Module, changes: Mapping[str, Tensor], scale: float = 1.0) -> dict[str, Tensor]:
    """New weights for `net`, by name: its own plus `scale` times the change."""
    return {name: _plus(net.get_parameter(name), change, scale) for name, change in changes.items()}


def _plus(weight: Tensor, change: Tensor, scale: float) -> Tensor:
    new = weight + scale * change.to(weight)
    # A sum of two layouts may take either; convolutions are fast in this one.
    return new.contiguous(memory_format=torch.channels_last) if new.ndim == 4 else new


def _layers(net: nn.Module, targets: str) -> Iterator[tuple[str, nn.Module]]:
    pattern = re.compile(targets)
    for name, layer in net.named_modules():
        if isinstance(layer, nn.Conv2d | nn.Linear) and pattern.fullmatch(name):
            yield name, layer
