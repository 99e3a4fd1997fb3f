"""What makes edict, bdia, edit-friendly and direct exact, and what each costs."""

from dataclasses import replace

import pytest
import torch

from overpaint.core.prediction import Prediction
from overpaint.core.rng import NoiseStream
from overpaint.core.schedule import CLEAN
from overpaint.core.solvers import ddim as step
from overpaint.core.solvers import last
from overpaint.errors import OptionError
from overpaint.inversions import bdia, direct, edict, edit_friendly
from overpaint.inversions.ddim import ddim
from overpaint.inversions.registry import INVERSIONS
from overpaint.inversions.source import source_of
from overpaint.models.bundle import Calls
from overpaint.models.zoo import load

from ..gaussian import Told
from .worlds import LEVELS, PATTERNS, SCHEDULE, TEXT, X0, drawn, world

MOVES = len(LEVELS) - 1


@pytest.mark.parametrize(
    ("name", "up", "down"),
    [("edict", 2, 2), ("bdia", 1, 1 - 1 / MOVES), ("edit-friendly", 1, 1), ("direct", 0.5, 0)],
)
def test_calls_of_the_network_for_a_move(name, up, down):
    """With guidance the two texts are asked for together; direct inverts without."""
    model = load("tiny-text")
    calls = Calls()
    source = source_of(replace(model, calls=calls), ["a dog"], scale=3.0, rng=NoiseStream([0]))
    found = INVERSIONS[name].invert(source, drawn(1, 4, 8, 8), LEVELS)
    assert calls.rows == 2 * up * MOVES
    calls.rows = 0
    last(INVERSIONS[name].replay(found, source.along(found), sources=1))
    assert calls.rows == pytest.approx(2 * down * MOVES)


def test_the_pair_of_edict_is_two_pictures_that_meet_again():
    found = edict.edict(world(), X0.double(), LEVELS)
    x, y = found.pair
    assert (x - y).abs().max() > 1e-3
    torch.testing.assert_close(found.noise, (x + y) / 2)
    assert found.settings == {"mix": edict.MIX}


@pytest.mark.parametrize("mix", [0.85, 0.93, 1.0])
def test_edict_is_exact_for_any_mixing(mix):
    found = edict.edict(world(), X0, LEVELS, mix=mix)
    assert (last(edict.replay(found, world().guided())) - X0).abs().max() < 1e-5


@pytest.mark.parametrize("gamma", [0.92, 1.0])
def test_bdia_is_exact_for_any_gamma(gamma):
    found = bdia.bdia(world(), X0, LEVELS, gamma=gamma)
    assert (last(bdia.replay(found, world().guided())) - X0).abs().max() < 1e-5


def test_the_moves_of_bdia_are_those_of_the_paper():
    """x_{t-1} = g x_{t+1} - g back(x_t) + forth(x_t), with DDIM there and back."""
    source, gamma = world(), 0.96
    found = bdia.bdia(source, X0.double(), LEVELS, gamma=gamma)
    high, here, low = LEVELS[3:6]
    x = found.states[here]
    pred = source.guided()(x, here)
    back, forth = (step(x, pred, here, there) for there in (high, low))
    wanted = gamma * found.states[high] - gamma * back + forth
    torch.testing.assert_close(found.states[low], wanted)


def test_bdia_needs_two_moves():
    with pytest.raises(OptionError, match="two moves"):
        bdia.bdia(world(), X0, [LEVELS[0], CLEAN])


def test_states_of_edit_friendly_are_noised_independently_and_by_the_seed():
    found = edit_friendly.edit_friendly(world(), X0, LEVELS)
    noise = [(found.states[level] - level.alpha * X0) / level.sigma for level in LEVELS[:-1]]
    flat = torch.stack(noise).flatten(1)
    assert flat.std() == pytest.approx(1, abs=0.05)
    assert (torch.corrcoef(flat) - torch.eye(MOVES)).abs().max() < 0.5
    again = edit_friendly.edit_friendly(world(), X0, LEVELS)
    assert torch.equal(again.noise, found.noise)
    other = replace(world(), rng=NoiseStream([7, 8]))
    assert not torch.equal(edit_friendly.edit_friendly(other, X0, LEVELS).noise, found.noise)


@pytest.mark.parametrize("eta", [0.0, 0.5, 1.0])
def test_edit_friendly_keeps_the_picture_at_any_eta_and_from_any_level(eta):
    for levels in (LEVELS, LEVELS[6:], SCHEDULE.path([600, 300, 1, 0])):
        found = edit_friendly.edit_friendly(world(), X0, levels, eta=eta)
        assert (last(edit_friendly.replay(found, world().guided())) - X0).abs().max() < 1e-5


def test_the_noise_of_edit_friendly_is_larger_than_that_of_ddpm():
    """As the paper finds: states that are drawn apart lie further from each other."""
    found = edit_friendly.edit_friendly(world(scale=1), X0, SCHEDULE.path([900, 600, 300]))
    share = 1 - (LEVELS[0].alpha / SCHEDULE.at(600).alpha) ** 2
    usual = share**0.5 * SCHEDULE.at(600).sigma / SCHEDULE.at(900).sigma
    assert found.noises[SCHEDULE.at(900)].std() > 1.1 * usual


@pytest.mark.parametrize("most", [1, 4, 64])
def test_levels_are_asked_about_together_whatever_the_portion(monkeypatch, most):
    monkeypatch.setattr(edit_friendly, "MOST", most)
    model, batches = load("tiny-text"), []
    source = source_of(model, ["a dog", "a cat"], scale=3.0, rng=NoiseStream([0, 1]))

    def several(x, levels, cond):
        batches.append(len(x))
        return model.several(x, levels, cond)

    found = edit_friendly.edit_friendly(
        replace(source, several=several), x := drawn(2, 4, 8, 8), LEVELS
    )
    one_by_one = replace(source, several=None, rng=NoiseStream([0, 1]))
    plain = edit_friendly.edit_friendly(one_by_one, x, LEVELS)
    assert max(batches) <= max(most, 4)
    assert sum(batches) == 4 * MOVES
    for level in LEVELS[:-1]:
        torch.testing.assert_close(found.noises[level], plain.noises[level], rtol=1e-3, atol=1e-4)


def test_memory_that_runs_out_halves_the_portion():
    model = load("tiny-text")
    source = source_of(model, ["a dog"], scale=3.0, rng=NoiseStream([0]))
    batches = []

    def several(x, levels, cond):
        batches.append(len(x))
        if len(x) > 4:
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory")
        return model.several(x, levels, cond)

    edit_friendly.edit_friendly(replace(source, several=several), drawn(1, 4, 8, 8), LEVELS)
    assert batches[:2] == [32, 16]
    assert sum(size for size in batches if size <= 4) == 2 * MOVES


def test_direct_puts_the_pictures_back_and_leaves_the_edits_alone():
    source = world(Told(PATTERNS))
    found = ddim(source.denoise, X0, LEVELS).rows([0, 1, 0, 1])
    led = replace(source, text=TEXT.rows([0, 1, 1, 0])).guided()
    made = list(direct.replay(found, led, sources=2))
    plain = list(direct.replay(found, led))
    for level, state, other in zip(LEVELS[1:], made, plain, strict=True):
        assert torch.equal(state[:2], found.states[level][:2])
        assert torch.equal(state[2:], other[2:])


def test_what_is_predicted_for_a_pinned_row_does_not_matter():
    found = ddim(world().denoise, X0, LEVELS).rows([0, 1, 0, 1])

    def broken(x, level):
        return Prediction(x * torch.nan, x * torch.nan)

    rows = direct.replay(found, broken, sources=2)
    assert all(torch.isfinite(state[:2]).all() for state in rows)
