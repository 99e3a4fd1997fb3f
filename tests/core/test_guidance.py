"""Denoisers made out of denoisers agree with the formulas."""

import pytest
import torch

from overpaint.core.guidance import (
    combine,
    lead,
    mapping_x0,
    mix,
    mix_of,
    nudge,
    steer,
    within,
)
from overpaint.core.schedule import CLEAN, NoiseSchedule
from overpaint.errors import OptionError

from ..gaussian import Gaussian, with_variance

SCHEDULE = NoiseSchedule.linear()
LEVEL = SCHEDULE.at(400)
X = torch.randn(2, 3, 4, 4, generator=torch.Generator().manual_seed(0))


def model(mean, spread=0.5):
    return Gaussian(torch.tensor(mean), spread)


def test_mixing_noise_mixes_pictures_and_stays_consistent():
    base, tuned = model(0.0), model(0.5, 0.2)
    pred = mix([base, tuned], lambda level: (0.3, 0.7))(X, LEVEL)
    torch.testing.assert_close(pred.eps, 0.3 * base(X, LEVEL).eps + 0.7 * tuned(X, LEVEL).eps)
    torch.testing.assert_close(LEVEL.noised(pred.x0, pred.eps), X)


def test_a_denoiser_of_weight_zero_is_not_asked():
    base, tuned = model(0.0), model(0.5)
    denoise = mix([base, tuned], lambda level: (0.0, 1.0) if level.t >= 300 else (1.0, 0.0))
    assert torch.equal(denoise(X, LEVEL).eps, model(0.5)(X, LEVEL).eps)
    denoise(X, SCHEDULE.at(200))
    assert tuned.asked == [LEVEL]
    assert base.asked == [SCHEDULE.at(200)]


@pytest.mark.parametrize("weights", [(0.5,), (0.5, 0.6), (0.4, 0.6, 0.0)])
def test_weights_that_do_not_fit_are_refused(weights):
    with pytest.raises(OptionError, match="2 weights that sum to 1"):
        mix([model(0.0), model(1.0)], lambda level: weights)(X, LEVEL)


def test_weights_may_differ_by_pixel_and_zeros_are_then_asked():
    base, tuned = model(0.0), model(0.5, 0.2)
    mask = torch.zeros(1, 1, 4, 4)
    mask[..., 2:] = 1
    pred = mix([base, tuned], lambda level: (1 - mask, mask))(X, LEVEL)
    assert torch.equal(pred.eps[..., :2], base(X, LEVEL).eps[..., :2])
    assert torch.equal(pred.x0[..., 2:], tuned(X, LEVEL).x0[..., 2:])
    with pytest.raises(OptionError, match="2 weights that sum to 1"):
        mix([base, tuned], lambda level: (mask, mask))(X, LEVEL)


def test_predictions_may_be_made_together():
    asked = []

    def together(x, level, which):
        asked.append(tuple(which))
        return [model(0.5 * i)(x, level) for i in which]

    denoise = mix_of(together, 3, lambda level: (-0.5, 0.0, 1.5))
    apart = mix([model(0.0), model(0.5), model(1.0)], lambda level: (-0.5, 0.0, 1.5))
    torch.testing.assert_close(denoise(X, LEVEL).eps, apart(X, LEVEL).eps)
    assert asked == [(0, 2)]


def test_combine_is_classifier_free_guidance():
    def conditional(x, level, cond):
        return model(cond)(x, level)

    pred = combine(conditional, [0.0, 0.5], (1 - 7.5, 7.5))(X, LEVEL)
    without, under = model(0.0)(X, LEVEL).eps, model(0.5)(X, LEVEL).eps
    torch.testing.assert_close(pred.eps, without + 7.5 * (under - without))


def test_the_learned_variance_is_that_of_the_last_condition():
    first, second = (with_variance(model(m), 0.5, 0.1) for m in (0.0, 0.5))
    pred = mix([first, second], lambda level: (-1.0, 2.0))(X, LEVEL)
    assert torch.equal(pred.variance, second(X, LEVEL).variance)


def test_steering_by_a_likelihood_gives_the_posterior():
    """Of N(0, s^2) observed as y with variance r^2, at a level: Bayes has the same score."""
    s, r, y = 0.5, 0.3, torch.tensor(0.8).double()
    prior = model(0.0, s)
    spread = s**2 * LEVEL.sigma**2 / prior.deviation(LEVEL) ** 2  # of x0 given x

    def loss(x, pred, level):
        return ((y - pred.x0) ** 2 / (2 * (r**2 + spread))).flatten(1).sum(1)

    shrunk = s**2 * r**2 / (s**2 + r**2)
    posterior = Gaussian(y * s**2 / (s**2 + r**2), shrunk**0.5)
    found, exact = steer(prior, loss)(X.double(), LEVEL), posterior(X.double(), LEVEL)
    torch.testing.assert_close(found.eps, exact.eps)
    torch.testing.assert_close(found.x0, exact.x0)


def test_steering_works_without_gradients_and_leaves_none():
    with torch.no_grad():
        pred = steer(model(0.0), lambda x, pred, level: pred.x0.square())(X, LEVEL)
    assert not pred.x0.requires_grad
    assert not pred.eps.requires_grad


@pytest.mark.parametrize("level", [LEVEL, CLEAN])
def test_a_changed_picture_changes_the_noise_with_it(level):
    pred = mapping_x0(model(2.0), lambda x0: x0.clamp(-1, 1))(X, level)
    assert pred.x0.abs().max() <= 1
    if level.sigma > 0:
        torch.testing.assert_close(level.noised(pred.x0, pred.eps), X)


def pulled(x, pred, level):
    """A loss of x0 alone, with a gradient of another size in each picture."""
    sizes = torch.tensor([1.0, 1e-6]).view(-1, 1, 1, 1)
    return (sizes * (pred.x0 - 0.3).square()).flatten(1).sum(1)


MASK = torch.zeros(1, 1, 4, 4)
MASK[..., :2] = 1


@pytest.mark.parametrize("exact", [True, False])
@pytest.mark.parametrize(("lost", "left"), [(0.0, 0.0), (0.25, 0.5), (1.0, 1.0), (30.0, 1.0)])
def test_a_nudge_is_as_long_as_asked_and_left_and_inside_the_mask(exact, lost, left):
    def loss(x, pred, level):
        value = pulled(x, pred, level)
        return value - value.detach() + lost

    pred = nudge(model(0.0), [(loss, MASK)], 0.5, exact=exact)(X, LEVEL)
    moved = pred.x0 - model(0.0)(X, LEVEL).x0
    inside = moved[..., :2].square().flatten(1).mean(1).sqrt()
    torch.testing.assert_close(inside, torch.full((2,), 0.5 * LEVEL.sigma * left))
    assert not moved[..., 2:].any()
    torch.testing.assert_close(LEVEL.noised(pred.x0, pred.eps), X)


def test_where_the_network_is_linear_both_gradients_nudge_alike():
    """The Gaussian's x0 is an affine function of x with one slope, which the length takes out."""
    goal = [(pulled, MASK)]
    exact, free = (nudge(model(0.0), goal, 0.5, exact=e)(X, LEVEL) for e in (True, False))
    torch.testing.assert_close(exact.x0, free.x0)


@pytest.mark.parametrize("exact", [True, False])
def test_a_nudge_does_not_depend_on_the_batch(exact):
    denoise = nudge(
        model(0.0), [(lambda x, p, lv: p.x0.pow(4).sum((1, 2, 3)), MASK)], 1, exact=exact
    )
    torch.testing.assert_close(denoise(X, LEVEL).x0[1:], denoise(X[1:], LEVEL).x0)


@pytest.mark.parametrize("exact", [True, False])
def test_a_goal_acts_in_its_own_mask_whatever_the_others(exact):
    """Also where both losses look at all of the picture."""
    other = MASK.flip(3)
    goals = [(pulled, MASK), (lambda x, pred, level: 9 * pulled(x, pred, level), other)]
    one, both = (nudge(model(0.0), few, 0.5, exact=exact)(X, LEVEL) for few in (goals[:1], goals))
    inside, beside = (mask.expand_as(X) > 0 for mask in (MASK, other))
    torch.testing.assert_close(both.x0[inside], one.x0[inside])
    torch.testing.assert_close(one.x0[beside], model(0.0)(X, LEVEL).x0[beside])
    assert not torch.allclose(both.x0[beside], one.x0[beside])


def test_no_gradient_is_no_nudge():
    flat = nudge(model(0.0), [(lambda x, pred, level: 0 * pred.x0.sum(), MASK)], 1.0)
    torch.testing.assert_close(flat(X, LEVEL).x0, model(0.0)(X, LEVEL).x0)
    empty = nudge(model(0.0), [(pulled, 0 * MASK)], 1.0)(X, LEVEL)
    torch.testing.assert_close(empty.x0, model(0.0)(X, LEVEL).x0)


@pytest.mark.parametrize("make", [steer, lead, lambda net, loss: nudge(net, [(loss, MASK)], 1.0)])
def test_a_gradient_costs_one_call(make):
    asked = model(0.0)
    make(asked, pulled)(X, LEVEL)
    assert asked.asked == [LEVEL]


def test_a_pull_is_minus_the_gradient_and_leaves_the_picture():
    plain, slope = model(0.0)(X, LEVEL), 0.5**2 * LEVEL.alpha / model(0.0).deviation(LEVEL) ** 2
    pred = lead(model(0.0), lambda x, pred, level: pred.x0.sum((1, 2, 3)))(X, LEVEL)
    assert torch.equal(pred.x0, plain.x0)
    torch.testing.assert_close(pred.pull, torch.full_like(X, -slope))
    assert torch.equal(mapping_x0(lambda x, lv: pred, lambda x0: x0)(X, LEVEL).pull, pred.pull)


def test_a_mixture_leaves_pulls_out():
    led = lead(model(0.0), pulled)
    assert mix([led, model(0.5)], lambda level: (0.5, 0.5))(X, LEVEL).pull is None


@pytest.mark.parametrize(("t", "who"), [(99, "plain"), (100, "guided"), (400, "guided")])
def test_guidance_acts_between_two_times(t, who):
    asked = {"guided": model(0.0), "plain": model(0.0)}
    within(asked["guided"], asked["plain"], (100, 400))(X, SCHEDULE.at(t))
    assert [name for name, each in asked.items() if each.asked] == [who]
