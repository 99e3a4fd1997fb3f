"""Losses of each move by itself: the identity works, no gradient crosses, one move is kept."""

import copy
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from overpaint.core.schedule import below
from overpaint.models.families.tiny import tiny
from overpaint.models.identity import load_identity
from overpaint.models.portions import saved_bytes
from overpaint.recipes.chain import Chain
from overpaint.recipes.fit import Batch, Figures, FitConfig, fit
from overpaint.recipes.gradients import Walk, by_move, through

from ..folders import write_identity
from .worlds import one_thread

MODEL = tiny()
X = torch.randn(2, 12, 8, 8, generator=torch.Generator().manual_seed(0))
SOURCE = torch.rand(2, 3, 16, 16, generator=torch.Generator().manual_seed(1)) * 2 - 1
CHAIN = Chain(MODEL, MODEL.schedule.path(below(400, 3)), checkpointed=True)
BATCH = {"pictures": SOURCE, "latents": X}


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    one_thread()


def noisy(source: Tensor, edited: Tensor, rng: torch.Generator) -> tuple[Tensor, Figures]:
    """A loss that draws random numbers, as views do."""
    loss = (edited - source + 0.3 * torch.randn(source.shape, generator=rng)).square().mean()
    return loss, {"direction": float(loss.detach()), "likeness": 0.5}


def plain(source: Tensor, edited: Tensor, rng: torch.Generator) -> tuple[Tensor, Figures]:
    loss = (edited - source).square().mean()
    return loss, {"loss": float(loss.detach())}


def network() -> nn.Module:
    return copy.deepcopy(MODEL.net).requires_grad_(True)


def gradient(net: nn.Module, loss: Tensor) -> Tensor:
    loss.backward()
    return torch.cat([p.grad.flatten() for p in net.parameters() if p.grad is not None])


def rng() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def test_no_gradient_crosses_a_move() -> None:
    net, other = network(), network()
    loss, figures = by_move(CHAIN, plain)(net, BATCH, rng())
    x, losses = X, []
    for here, there in CHAIN.moves:
        seen = MODEL.codec.decode(replace(MODEL, net=other)(x, here).x0)
        losses.append(plain(SOURCE, seen, rng())[0])
        _, x = CHAIN.move(other, x, here, there)
    expected = torch.stack(losses).mean()
    assert float(loss.detach()) == pytest.approx(float(expected.detach()))
    assert figures["loss"] == pytest.approx(float(expected.detach()))
    assert torch.allclose(gradient(net, loss), gradient(other, expected), atol=1e-6)


def test_the_loss_of_a_move_counts_the_face_that_is_seen_there(tmp_path) -> None:
    face = load_identity(write_identity(tmp_path / "face"))

    def alike(source: Tensor, edited: Tensor, rng: torch.Generator) -> tuple[Tensor, Figures]:
        return (1 - (face.embed(edited) * face.embed(source)).sum(1)).mean(), {}

    net = network()
    assert float(gradient(net, by_move(CHAIN, alike)(net, BATCH, rng())[0]).norm()) > 1e-6


def test_random_views_are_the_same_on_the_way_back() -> None:
    net, other = network(), network()
    found = gradient(net, by_move(CHAIN, noisy)(net, BATCH, rng())[0])
    stream, losses, x = rng(), [], X
    for here, there in CHAIN.moves:
        seen, x = CHAIN.move(other, x, here, there)
        seed = int(torch.randint(2**62, (), generator=stream))
        losses.append(noisy(SOURCE, seen, torch.Generator().manual_seed(seed))[0])
    assert torch.allclose(found, gradient(other, torch.stack(losses).mean()), atol=1e-6)


def test_one_move_is_kept_at_a_time() -> None:
    long = Chain(MODEL, MODEL.schedule.path(below(400, 9)), checkpointed=True)
    with saved_bytes() as all_moves:
        by_move(long, plain)(network(), BATCH, rng())
    with saved_bytes() as one:
        replace(long, checkpointed=False).move(network(), X, *long.moves[0])
    assert all_moves.count < one.count  # of nine


def batch(step: int) -> Batch:
    return {**BATCH, "move": torch.tensor(step % len(CHAIN.moves))}


def test_a_walk_goes_on_from_where_the_last_step_led() -> None:
    walk = Walk(replace(CHAIN, checkpointed=False), plain)
    net = network()
    held, x = walk.module(net, X), X
    with torch.no_grad():
        for k, (here, there) in enumerate(CHAIN.moves):
            loss, _ = walk(held, batch(k), rng())
            seen, x = CHAIN.move(net, x, here, there)
            assert torch.equal(loss, plain(SOURCE, seen, rng())[0])


def test_a_walk_that_is_cut_anywhere_ends_at_the_same_bits(tmp_path) -> None:
    walk, ends = Walk(replace(CHAIN, checkpointed=False), noisy), []
    config = FitConfig(steps=8, lr=1e-2, warmup=0, save_every_steps=1)
    for pauses in (0, 1):
        folder = tmp_path / str(pauses)
        for _ in range(9 if pauses else 1):
            net = network()
            some = replace(config, max_seconds=0.0) if pauses else config
            list(fit(walk.module(net, X), walk, batch, some, folder))
        ends.append(torch.cat([p.detach().flatten() for p in net.parameters()]))
    assert torch.equal(*ends)
    assert not torch.equal(ends[0], torch.cat([p.flatten() for p in network().parameters()]))


def test_a_chain_of_one_move_is_the_same_either_way() -> None:
    short = Chain(MODEL, MODEL.schedule.path(below(400, 1)))
    net, other = network(), network()
    one = gradient(net, by_move(short, plain)(net, BATCH, rng())[0])
    assert torch.allclose(one, gradient(other, through(short, plain)(other, BATCH, rng())[0]))
