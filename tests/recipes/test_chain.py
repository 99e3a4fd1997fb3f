"""The tuned generation: whatever is kept of it on the way, the gradient is the same."""

import copy
from dataclasses import replace

import pytest
import torch
from torch import nn

from overpaint.core.schedule import below
from overpaint.core.solvers import last, solve
from overpaint.models.families.tiny import tiny
from overpaint.models.portions import Portions, fitting, saved_bytes
from overpaint.recipes.chain import Chain

from .worlds import one_thread

MODEL = tiny()
X = torch.randn(4, 12, 8, 8, generator=torch.Generator().manual_seed(0))
TARGET = torch.rand(4, 3, 16, 16, generator=torch.Generator().manual_seed(1)) * 2 - 1
FULL = Chain(MODEL, MODEL.schedule.path(below(400, 4)))


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    one_thread()


def network() -> nn.Module:
    return copy.deepcopy(MODEL.net).requires_grad_(True)


def gradient(chain: Chain, net: nn.Module | None = None) -> torch.Tensor:
    """Of some loss of the pictures, to all weights, as one vector."""
    net = net or network()
    (chain(net, X) - TARGET).abs().mean().backward()
    return torch.cat([p.grad.flatten() for p in net.parameters() if p.grad is not None])


def distance(one: torch.Tensor, other: torch.Tensor) -> float:
    return float((one - other).norm() / other.norm())


def test_the_chain_is_the_sampling_loop() -> None:
    with torch.no_grad():
        expected = MODEL.codec.decode(last(solve(MODEL, X, FULL.levels)))
        for chain in (FULL, replace(FULL, checkpointed=True), replace(FULL, last_steps=2)):
            assert torch.equal(chain(MODEL.net, X), expected)


def test_what_is_made_anew_has_the_same_gradient() -> None:
    assert distance(gradient(replace(FULL, checkpointed=True)), gradient(FULL)) < 1e-5


def test_what_is_made_anew_is_not_kept() -> None:
    kept = []
    for chain in (FULL, replace(FULL, checkpointed=True)):
        with saved_bytes() as saved:
            chain(network(), X)
        kept.append(saved.count)
    assert kept[1] < 0.1 * kept[0]


def test_dropout_is_drawn_alike_when_it_is_made_anew() -> None:
    net = network().train()
    for part in net.modules():
        if isinstance(part, nn.Dropout):
            part.p = 0.3
    found = []
    for chain in (FULL, replace(FULL, checkpointed=True)):
        torch.manual_seed(3)
        found.append(gradient(chain, copy.deepcopy(net)))
    assert distance(*found) < 1e-5
    assert distance(found[0], gradient(FULL)) > 1e-2


@pytest.mark.parametrize("checkpointed", [False, True])
def test_the_last_of_all_steps_are_all(checkpointed: bool) -> None:
    chain = replace(FULL, checkpointed=checkpointed)
    for count in (4, 9):
        assert torch.equal(gradient(replace(chain, last_steps=count)), gradient(chain))


def test_the_last_step_has_the_gradient_of_a_chain_that_begins_there() -> None:
    with torch.no_grad():
        *_, late = solve(MODEL, X, FULL.levels[:-1])
    net = network()
    short = Chain(MODEL, FULL.levels[-2:])
    (short(net, late) - TARGET).abs().mean().backward()
    expected = torch.cat([p.grad.flatten() for p in net.parameters() if p.grad is not None])
    assert distance(gradient(replace(FULL, last_steps=1)), expected) < 1e-6
    assert distance(gradient(FULL), expected) > 1e-2


@pytest.mark.parametrize("checkpointed", [False, True])
@pytest.mark.parametrize("size", [1, 3])
def test_portions_have_the_gradient_of_the_whole(checkpointed: bool, size: int) -> None:
    chain = replace(FULL, checkpointed=checkpointed, portions=Portions(4, size))
    assert distance(gradient(chain), gradient(FULL)) < 1e-6


def test_portions_are_made_anew_one_by_one() -> None:
    with saved_bytes() as saved:
        replace(FULL, portions=Portions(4, 1))(network(), X)
    with saved_bytes() as whole:
        FULL(network(), X)
    assert saved.count < 0.1 * whole.count


def test_portions_halve_down_to_one() -> None:
    portions = Portions(whole=6)
    sizes = []
    while portions.halve():
        sizes.append(portions.size)
    assert sizes == [3, 1]


@pytest.mark.parametrize(
    ("pictures", "calls", "size"), [(40, 1, 0), (8.5, 1, 4), (8.5, 4, 4), (20, 4, 7), (0.5, 1, 1)]
)
def test_portions_are_as_large_as_memory_allows(
    monkeypatch: pytest.MonkeyPatch, pictures: float, calls: int, size: int
) -> None:
    def one() -> torch.Tensor:
        return FULL.move(network(), X[:1], *FULL.moves[0])[0]

    with saved_bytes() as saved:
        one()
    free = int(saved.count * pictures)
    monkeypatch.setattr("overpaint.models.portions.free_memory", lambda device: free)
    assert fitting(one, 8, X.device, calls) == Portions(8, size, found=True)
