"""Where two predictions differ: found in little noise, each picture by itself."""

import pytest
import torch

from overpaint.core.contrast import contrast, draws, scaled
from overpaint.core.rng import NoiseStream
from overpaint.core.schedule import NoiseSchedule
from overpaint.core.shaping import overlap

LEVEL = NoiseSchedule.linear().at(500)
X0 = torch.zeros(2, 3, 8, 8)
PART = torch.zeros(2, 1, 8, 8)
PART[0, :, 2:5, 3:6] = PART[1, :, 6:, :2] = 1


def noisy(x, level):
    """One text sees a thing where PART is, and both doubt what they see in the noise."""
    rows = PART if len(x) == 2 else PART[:1]
    return rows + 0.8 * x / level.sigma


def found(count, *, antithetic=True, x0=X0, seeds=(0, 1), difference=noisy, **how):
    states = draws(x0, LEVEL, NoiseStream(seeds), count, antithetic=antithetic)
    return contrast(difference, states, LEVEL, pair=2 if antithetic else 1, **how)


def test_the_contrast_is_where_predictions_differ():
    soft = scaled(found(10))
    assert torch.equal((soft > 0.5).float(), PART)


def test_a_noise_is_followed_by_its_opposite():
    states = list(draws(X0, LEVEL, NoiseStream((0, 1)), 5))
    assert torch.equal(states[0], -states[1])
    assert torch.equal(states[2], -states[3])
    assert len({float(state.sum().abs()) for state in states}) == 3
    plain = list(draws(X0, LEVEL, NoiseStream((0, 1)), 4, antithetic=False))
    assert len({float(state.sum().abs()) for state in plain}) == 4


@pytest.mark.parametrize(("odd", "share"), [(1.0, 1e-6), (0.9, 0.25), (0.7, 0.75)])
def test_opposite_noises_lower_the_variance(odd, share):
    """Of a difference whose doubt is `odd` in the noise, and for the rest even."""

    def doubtful(x, level):
        e = x / level.sigma
        return 0.5 + odd * e + (1 - odd) * (e.square() - 1)

    def error(**how):
        maps = [found(4, difference=doubtful, seeds=(s, s + 1), **how) for s in range(0, 60, 2)]
        return float(torch.stack(maps).var(0).mean())

    assert error() < share * error(antithetic=False)


def test_a_map_does_not_depend_on_batch_mates():
    both = found(6)
    alone = found(6, x0=X0[:1], seeds=(0,))
    assert torch.equal(both[:1], alone)
    differences = torch.randn(3, 1, 8, 8, generator=torch.Generator().manual_seed(0)) ** 3
    rows = torch.cat([scaled(row) for row in differences.abs().split(1)])
    assert torch.equal(scaled(differences.abs()), rows)


def test_states_are_asked_for_one_by_one_whatever_their_number():
    asked, drawn = [], []

    def counting():
        for state in draws(X0, LEVEL, NoiseStream((0, 1)), 40):
            drawn.append(len(asked))
            yield state

    def difference(x, level):
        asked.append(len(x))
        return x

    contrast(difference, counting(), LEVEL)
    assert asked == [2] * 40
    assert max(n - asked for n, asked in enumerate(drawn)) <= 1  # none is drawn ahead of its pair


def test_a_picture_whose_halves_agree_needs_no_more():
    asked = []

    def difference(x, level):
        asked.append(len(x))
        clear = torch.tensor([1.0, 0.0]).view(2, 1, 1, 1)
        return clear * PART + (1 - clear) * x.square()

    def agreed(one, other):
        return overlap(scaled(one) > 0.5, scaled(other) > 0.5) >= 0.95

    short = found(12, difference=difference, agreed=agreed)
    assert len(asked) == 12  # the other picture's halves never do
    assert torch.equal(short[:1], found(4, difference=difference)[:1])
    asked.clear()
    found(12, agreed=lambda one, other: torch.ones(2, dtype=torch.bool))
    assert len(asked) == 0


def test_each_map_goes_from_nothing_to_all_without_outliers():
    sizes = torch.full((1, 1, 10, 10), 0.2)
    sizes[..., :2, :] = 1.0
    sizes[..., 0, 0] = 50.0  # an outlier
    for how in ({"ratio": 1.2}, {"percentile": 95}):
        soft = scaled(sizes, **how)
        assert (soft.amin(), soft.amax()) == (0, 1)
        assert (soft[..., :2, :] > 0.5).all()
        assert (soft[..., 2:, :] == 0).all()
    assert (scaled(sizes, percentile=100) > 0.5).sum() == 1


@pytest.mark.parametrize("size", [0.0, 1.0])
def test_no_difference_is_an_empty_map(size):
    assert not scaled(torch.full((2, 1, 8, 8), size)).any()
    assert not scaled(torch.full((2, 1, 8, 8), size), percentile=99).any()
