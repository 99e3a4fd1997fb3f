"""What a run carries from step to step: weights, their average, the optimiser's moments."""

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from overpaint.errors import CheckpointError, NumericsError
from overpaint.recipes.checkpoint import Tensors

_CALMER = "lower the learning rate, or turn autocast off"
_MOMENTS = ("exp_avg", "exp_avg_sq", "step")


class TrainingState:
    """The trainable weights of `module` (trained in place), their running average, and AdamW."""

    def __init__(
        self, module: nn.Module, *, lr: float, betas: tuple[float, float], weight_decay: float
    ) -> None:
        self.module = module
        self.named = {name: p for name, p in module.named_parameters() if p.requires_grad}
        matrices = [p for p in self.named.values() if p.ndim > 1]
        vectors = [p for p in self.named.values() if p.ndim <= 1]  # biases, norms: no decay
        groups: list[dict[str, Any]] = [
            {"params": matrices},
            {"params": vectors, "weight_decay": 0.0},
        ]
        groups = [group for group in groups if group["params"]]
        self.optimizer = torch.optim.AdamW(
            groups, lr=lr, betas=betas, weight_decay=weight_decay, fused=True
        )
        self.ema = {name: value.detach().clone() for name, value in self.weights().items()}

    @property
    def device(self) -> torch.device:
        """Where the weights lie."""
        return next(iter(self.named.values())).device

    def weights(self) -> Tensors:
        """The live trainable parameters and all saved buffers, by name."""
        saved = self.module.state_dict()
        frozen = {name for name, p in self.module.named_parameters() if not p.requires_grad}
        return {name: value for name, value in saved.items() if name not in frozen}

    def moments(self) -> Tensors:
        """The optimiser's state as "name.moment"."""
        state = self.optimizer.state
        return {f"{name}.{m}": state[p][m] for name, p in self.named.items() for m in _MOMENTS}

    def descend(self, loss: Tensor, *, lr: float, clip: float) -> float:
        """One AdamW step with the gradient's norm clipped; returns the loss, finite or refused."""
        self.optimizer.zero_grad(set_to_none=True)
        value = float(loss.detach())
        if not math.isfinite(value):
            raise NumericsError("the loss is not finite", f"it is {value}", _CALMER)
        loss.backward()
        norm = float(nn.utils.clip_grad_norm_(self.named.values(), clip))
        if not math.isfinite(norm):
            raise NumericsError("the gradient is not finite", f"its norm is {norm}", _CALMER)
        for group in self.optimizer.param_groups:
            group["lr"] = lr
        self.optimizer.step()
        return value

    @torch.no_grad()
    def average(self, decay: float) -> None:
        """ema <- decay * ema + (1 - decay) * weights; buffers are copied."""
        now = self.weights()
        floats = [name for name in self.ema if name in self.named]
        torch._foreach_lerp_(
            [self.ema[name] for name in floats], [now[name] for name in floats], 1.0 - decay
        )
        for name in self.ema.keys() - set(floats):
            self.ema[name].copy_(now[name])

    @torch.no_grad()
    def restore(self, weights: Tensors, ema: Tensors, moments: Tensors) -> None:
        """Take over saved tensors; the memory layout stays that of the live ones."""
        _same_names("weights", weights, self.weights())
        _same_names("ema", ema, self.ema)
        for name, value in self.weights().items():
            value.copy_(weights[name])
            self.ema[name].copy_(ema[name])
        for name, parameter in self.named.items():
            own = {m: moments[f"{name}.{m}"] for m in _MOMENTS}
            self.optimizer.state[parameter] = {
                m: value.to(parameter.device)
                if m == "step"
                else torch.empty_like(parameter).copy_(value)
                for m, value in own.items()
            }


def _same_names(part: str, saved: Tensors, live: Tensors) -> None:
    """Refuse a checkpoint of another network."""
    shapes = {name: tuple(value.shape) for name, value in saved.items()}
    wanted = {name: tuple(value.shape) for name, value in live.items()}
    wrong = sorted(n for n in shapes.keys() | wanted.keys() if shapes.get(n) != wanted.get(n))
    if wrong:
        why = f"{len(wrong)} tensors differ in name or shape, the first: {wrong[0]}"
        hint = "start in another folder"
        raise CheckpointError(f"the checkpoint's {part} are of another network", why, hint)


@contextmanager
def averaged(module: nn.Module, ema: Mapping[str, Tensor]) -> Iterator[nn.Module]:
    """The module with the averaged weights, in evaluation mode; afterwards as it was."""
    own = {name: value for name, value in module.state_dict().items() if name in ema}
    kept = {name: value.clone() for name, value in own.items()}
    modes = {part: part.training for part in module.modules()}
    try:
        module.eval()
        for name, value in own.items():
            value.copy_(ema[name])
        yield module
    finally:
        for name, value in own.items():
            value.copy_(kept[name])
        for part, mode in modes.items():
            part.training = mode
