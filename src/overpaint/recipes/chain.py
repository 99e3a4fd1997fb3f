"""The generation that is tuned, and through which of its network calls gradients flow."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

import torch
from torch import Tensor, nn

from overpaint.core.guidance import forgetful
from overpaint.core.prediction import Denoiser, Prediction
from overpaint.core.schedule import Level
from overpaint.core.solvers import ddim, last, solve
from overpaint.models.bundle import DiffusionModel
from overpaint.models.portions import Portions


@dataclass(frozen=True)
class Chain:
    """DDIM steps (eta 0) from inverted states `(B, ...)` down to pictures `(B, 3, H, W)`.

    Args:
        levels: descending, two at least.
        checkpointed: keep of each network call only its input, and make the rest anew on the way
            back (arXiv 1604.06174): the same gradient, for a third more work.
        last_steps: gradients only through so many moves, the last ones; 0: through all.
        portions: how many pictures go through the network at once.
    """

    model: DiffusionModel
    levels: Sequence[Level]
    checkpointed: bool = False
    last_steps: int = 0
    portions: Portions = field(default_factory=Portions)

    @property
    def moves(self) -> list[tuple[Level, Level]]:
        """The moves that have a gradient, each from a level to the next."""
        return list(pairwise(self.levels))[-self.last_steps :]

    def __call__(self, net: nn.Module, latents: Tensor) -> Tensor:
        """Pictures in [-1, 1] that `net` draws from `latents`, with gradients to its weights."""
        levels = self.levels[-len(self.moves) - 1 :]
        x = last(solve(self.denoiser(net), self.approached(net, latents), levels))
        return self.model.codec.decode(x)

    def approached(self, net: nn.Module, latents: Tensor) -> Tensor:
        """The states in which the moves with a gradient begin."""
        levels = self.levels[: len(self.levels) - len(self.moves)]
        with torch.no_grad():
            return last([latents, *solve(self.denoiser(net), latents, levels)])

    def move(self, net: nn.Module, x: Tensor, here: Level, there: Level) -> tuple[Tensor, Tensor]:
        """The pictures that `net` sees from `here`, with gradients; the states there, without."""
        pred = self.denoiser(net)(x, here)
        return self.model.codec.decode(pred.x0), ddim(x, pred, here, there).detach()

    def denoiser(self, net: nn.Module) -> Denoiser:
        """The model with `net` in it, asked in portions."""
        tuned = replace(self.model, net=net)

        def denoise(x: Tensor, level: Level) -> Prediction:
            parts = x.split(self.portions.size or len(x))
            if not torch.is_grad_enabled() or (len(parts) == 1 and not self.checkpointed):
                return _joined([tuned(part, level) for part in parts])
            return _joined([forgetful(tuned)(part, level) for part in parts])

        return denoise


def _joined(parts: Sequence[Prediction]) -> Prediction:
    """One prediction of what was asked in parts."""
    if len(parts) == 1:
        return parts[0]
    x0, eps = (torch.cat([getattr(part, name) for part in parts]) for name in ("x0", "eps"))
    return Prediction(x0, eps)
