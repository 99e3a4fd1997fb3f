"""Texts of unit variance in every direction while a network learns to read them.

States of a contrastive text encoder hardly differ from one word to the next but in directions of
small variance, which gradients find late. A network that is trained on whitened states is, at the
end, exactly one of plain states: the change of coordinates goes into its keys, values and biases.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

LEAST = 0.02  # variance (of states with about 1 in each direction) below which is left small
KEYS, VALUES, OUT = "attn2.to_k.weight", "attn2.to_v.weight", "attn2.to_out.0"


@dataclass(frozen=True, eq=False)
class Whitening:
    """White states are `matrix` (D, D) times what states differ from `mean` (D,) by."""

    mean: Tensor
    matrix: Tensor
    back: Tensor  # its inverse

    @classmethod
    def of(cls, states: Tensor) -> "Whitening":
        """The one of states (N, D)."""
        mean = states.double().mean(0)
        apart = states.double() - mean
        values, axes = torch.linalg.eigh(apart.mT @ apart / len(states))
        sizes = (values.clamp(min=0) + LEAST).sqrt()
        matrix, back = axes / sizes @ axes.mT, axes * sizes @ axes.mT
        return cls(mean.float(), matrix.float(), back.float())

    def __call__(self, states: Tensor) -> Tensor:
        """(..., D) in white coordinates."""
        return (states - self.mean.to(states)) @ self.matrix.to(states).mT

    def folded(self, weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Weights of a network of white states as those of one of plain states."""
        found = dict(weights)
        for name in (each for each in weights if each.endswith(KEYS)):
            stem = name.removesuffix(KEYS)
            keys, values = weights[stem + KEYS], weights[stem + VALUES] @ self.matrix
            found |= {stem + KEYS: keys @ self.matrix, stem + VALUES: values}
            found[stem + OUT + ".bias"] = weights[stem + OUT + ".bias"] - self._always(found, stem)
        return found

    def enter(self, net: nn.Module) -> None:
        """Turns a network of plain states into one of white states."""
        plain = net.state_dict()
        found = dict(plain)
        for name in (each for each in plain if each.endswith(KEYS)):
            stem = name.removesuffix(KEYS)
            found[stem + OUT + ".bias"] = plain[stem + OUT + ".bias"] + self._always(plain, stem)
            for each in (stem + KEYS, stem + VALUES):
                found[each] = plain[each] @ self.back
        net.load_state_dict(found)

    def _always(self, plain: Mapping[str, Tensor], stem: str) -> Tensor:
        """What a layer of plain states says of the mean, whatever it looks at."""
        out: Tensor = plain[stem + OUT + ".weight"] @ (plain[stem + VALUES] @ self.mean)
        return out
