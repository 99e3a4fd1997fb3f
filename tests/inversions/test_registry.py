"""What holds for every inversion."""

import pytest
import torch

from overpaint.core.rng import NoiseStream
from overpaint.core.schedule import Level
from overpaint.core.solvers import last
from overpaint.errors import OptionError
from overpaint.inversions.registry import INVERSIONS, find
from overpaint.inversions.source import Source, source_of
from overpaint.inversions.titles import TITLES
from overpaint.models.zoo import load

from ..gaussian import Gaussian
from .worlds import LEVELS, X0, drawn, saying, straightened, world

NAMES = tuple(INVERSIONS)
each = pytest.mark.parametrize("name", NAMES)
BACK = {"ddim": 0.6, "fixed-point": 0.1, "null-text": 0.1, "negative-prompt": 0.6}
EXACT = [name for name in NAMES if name not in BACK]
UNLED = ("ddim", "fixed-point")  # of these alone guidance makes another picture


def there_and_back(name, source, x0=X0, levels=LEVELS, **how):
    found = INVERSIONS[name].invert(source, x0, levels)
    denoise = source.denoise if name in UNLED else source.along(found)
    made = list(INVERSIONS[name].replay(found, denoise, sources=len(x0), **how))
    return found, made


def apart(a, b):
    return float((a - b).abs().max())


@each
def test_the_way_back_visits_every_level_and_nears_the_picture(name):
    found, made = there_and_back(name, world())
    assert list(found.states) == LEVELS[::-1]
    assert found.picture is X0
    assert found.inversion == name
    assert len(made) == len(LEVELS) - 1
    assert apart(made[-1], X0) < BACK.get(name, 1e-5)


@pytest.mark.parametrize("name", EXACT)
def test_exact_inversions_are_exact_in_the_picture_s_own_precision(name):
    _, made = there_and_back(name, world(), X0.double())
    assert made[-1].dtype == torch.float64
    assert apart(made[-1], X0.double()) < 1e-9


@each
@pytest.mark.parametrize(("kind", "levels"), [("v", LEVELS), ("flow", straightened(LEVELS))])
def test_what_the_network_predicts_makes_no_difference(name, kind, levels):
    plain, made = there_and_back(name, world(), X0.double(), levels)
    other, also = there_and_back(name, world(saying(kind)), X0.double(), levels)
    for level in levels:
        torch.testing.assert_close(other.states[level], plain.states[level], rtol=1e-6, atol=1e-6)
    torch.testing.assert_close(also[-1], made[-1], rtol=1e-4, atol=1e-4)


# Of the others two add up or ask about states of another level, and one's bound has their units.
@pytest.mark.parametrize("name", [n for n in NAMES if n not in ("edict", "bdia", "null-text")])
def test_a_straight_path_is_the_curved_one_in_other_units(name):
    curved, _ = there_and_back(name, world(), X0.double())
    straight, _ = there_and_back(name, world(), X0.double(), straightened(LEVELS))
    for level, other in zip(LEVELS, straight.levels, strict=True):
        scaled = curved.states[level] / (level.alpha + level.sigma)
        torch.testing.assert_close(straight.states[other], scaled)


@each
def test_a_batch_is_as_its_pictures_one_by_one(name):
    both, made = there_and_back(name, world())
    for row in (0, 1):
        alone, back = there_and_back(name, world(rows=(row,)), X0[[row]])
        torch.testing.assert_close(both.rows([row]).noise, alone.noise, rtol=1e-4, atol=1e-4)
        assert apart(made[-1][[row]], back[-1]) < 1e-2 * BACK.get(name, 1e-2)


@each
def test_rows_may_come_again_and_are_led_apart(name):
    """The second copy of a picture is replayed under another text."""
    source = world(rows=(0,))
    found = INVERSIONS[name].invert(source, X0[:1], LEVELS).rows([0, 0])
    other = Source(source.model, source.rng, world().text, source.empty, source.scale)
    denoise = other.denoise if name in UNLED else other.along(found)
    made = last(INVERSIONS[name].replay(found, denoise, sources=1))
    assert apart(made[0], X0[0]) < BACK.get(name, 1e-5)
    assert apart(made[0], made[1]) > 0.1


@each
def test_what_happens_after_a_step_is_what_is_given_out(name):
    seen = []

    def after(x, level):
        seen.append(level)
        return x.clone().fill_(0.25)

    _, made = there_and_back(name, world(), after=after)
    assert [*dict.fromkeys(seen)] == LEVELS[1:]
    assert all(apart(x, torch.full_like(x, 0.25)) < 1e-6 for x in made)


@each
def test_no_gradient_is_kept_and_progress_is_told(name):
    seen = []

    def watch(items, total, label, /):
        for item in items:
            seen.append((total, label))
            yield item

    found = INVERSIONS[name].invert(world(), X0.clone().requires_grad_(), LEVELS, watch=watch)
    assert not found.noise.requires_grad
    assert {label for _, label in seen} <= {"inverting", "fitting"}
    assert all(sum(s == one for s in seen) == one[0] for one in set(seen))


@each
def test_models_without_texts_are_inverted_or_the_inversion_says_why_not(name):
    model = Gaussian(torch.tensor(0.3))
    source = Source(lambda x, level, cond: model(x, level), NoiseStream([0, 1]))
    if not INVERSIONS[name].reads:
        assert apart(there_and_back(name, source)[1][-1], X0) < 1
        return
    with pytest.raises(OptionError, match=f"{name} needs a model that reads text"):
        INVERSIONS[name].invert(source, X0, LEVELS)


@each
def test_networks_are_inverted_too(name):
    """From half the path: untrained, this one leads far away from the top."""
    model = load("tiny-text")
    source = source_of(model, ["a red hat", "a dog"], scale=2.0, rng=NoiseStream([0, 1]))
    levels = model.schedule.path([400, 300, 200, 100, 0, -1])
    x0 = 0.5 * drawn(2, 4, 8, 8)
    _, made = there_and_back(name, source, x0, levels)
    assert apart(made[-1], x0) < (0.5 if name in BACK else 1e-4)


def test_pure_noise_is_inverted_to_where_that_can_be_and_refused_where_not():
    top = [Level(999.0, 0.0, 1.0), *LEVELS]
    for name in NAMES:
        source = world(saying_v_at_noise)
        if name == "edict":
            with pytest.raises(OptionError, match="pure noise") as caught:
                INVERSIONS[name].invert(source, X0, top)
            assert "strength below 1" in caught.value.hint
        else:
            assert torch.isfinite(INVERSIONS[name].invert(source, X0, top).noise).all()


def saying_v_at_noise(x, level, cond=None):
    """A network that predicts v knows what to say where there is no signal."""
    if level.alpha > 0:
        return saying("v")(x, level, cond)
    mean = torch.einsum("bk,kchw->bchw", cond.text.mean(1), drawn(4, 3, 4, 4, seed=1))
    from overpaint.core.prediction import from_v

    return from_v(x, level, -mean)


def test_every_inversion_has_its_words_and_is_found_by_name():
    assert list(TITLES) == list(INVERSIONS)
    with pytest.raises(OptionError, match="no inversion 'nope'"):
        find("nope")
