"""What is descended on: the whole chain, or each of its moves by itself (2110.02711, B.1)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from overpaint.recipes.chain import Chain
from overpaint.recipes.fit import Batch, Figures

Aim = Callable[[Tensor, Tensor, torch.Generator], tuple[Tensor, Figures]]
"""The loss of edited pictures `(B, 3, H, W)` against their sources, and its terms."""
Told = Callable[[nn.Module, Batch, torch.Generator], tuple[Tensor, Figures]]
"""A loss of `fit` that tells its terms."""


def through(chain: Chain, aim: Aim) -> Told:
    """The loss of what the chain ends in."""

    def loss(net: nn.Module, batch: Batch, rng: torch.Generator) -> tuple[Tensor, Figures]:
        return aim(batch["pictures"], chain(net, batch["latents"]), rng)

    return loss


def by_move(chain: Chain, aim: Aim) -> Told:
    """The mean over all moves of the loss of the pictures seen there; no gradient crosses a move.

    Only one network call and one look of the judges are kept at a time.
    """

    def loss(net: nn.Module, batch: Batch, rng: torch.Generator) -> tuple[Tensor, Figures]:
        x, told = chain.approached(net, batch["latents"]), list[tuple[Tensor, Figures]]()
        for here, there in chain.moves:
            seen, x = chain.move(net, x, here, there)
            again = _repeatable(aim, rng)
            told.append(checkpoint(again, batch["pictures"], seen, use_reentrant=False))
        total = torch.stack([value for value, _ in told]).mean()
        return total, mean([figures for _, figures in told])

    return loss


def _repeatable(aim: Aim, rng: torch.Generator) -> Callable[..., tuple[Tensor, Figures]]:
    """`aim` with randomness of its own, the same when autograd asks once more."""
    seed = int(torch.randint(2**62, (), generator=rng, device=rng.device))

    def again(source: Tensor, edited: Tensor) -> tuple[Tensor, Figures]:
        return aim(source, edited, torch.Generator(rng.device).manual_seed(seed))

    return again


@dataclass(frozen=True)
class Walk:
    """The authors' way: an optimiser step after every move, from where the last one led.

    The states on the way are buffers of the module that is trained, so a checkpoint holds them.
    """

    chain: Chain
    aim: Aim

    def module(self, net: nn.Module, latents: Tensor) -> nn.Module:
        """`net` with room for the states of a batch shaped as `latents` `(B, ...)`."""
        held = nn.Module()
        held.net = net
        for k in range(len(self.chain.moves)):
            held.register_buffer(f"state{k}", torch.zeros_like(latents))
        return held

    def __call__(
        self, held: nn.Module, batch: Batch, rng: torch.Generator
    ) -> tuple[Tensor, Figures]:
        """The loss of move `batch["move"]`; the state it ends in is written, none is read twice."""
        k, moves = int(batch["move"]), self.chain.moves
        net, x = held.get_submodule("net"), held.get_buffer(f"state{k}")
        if k == 0:
            x = self.chain.approached(net, batch["latents"])
        seen, there = self.chain.move(net, x, *moves[k])
        if k + 1 < len(moves):
            held.get_buffer(f"state{k + 1}").copy_(there)
        return self.aim(batch["pictures"], seen, rng)


def mean(figures: Sequence[Mapping[str, float]]) -> Figures:
    """The mean of each figure."""
    return {name: sum(one[name] for one in figures) / len(figures) for name in figures[0]}
