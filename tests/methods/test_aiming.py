"""The strength that is faithful or real enough: found by bisection, told, not searched again."""

import pytest
import torch

from overpaint.methods.aiming import ENDS, TRIALS, Aim, distance, found, knee
from overpaint.methods.realism import Critic, Gallery
from overpaint.methods.registry import Run, Task, find
from overpaint.methods.sdedit import Options, sdedit

from .test_diffusionclip import smooth
from .test_sdedit import model

GUIDE = smooth(0) + 0.6
STEPS = {"num_inference_steps": 8, "solver": "ddim"}


class Brightness:
    """A judge that sees two numbers of a picture."""

    def features(self, images):
        return torch.stack([images.mean((1, 2, 3)), images.std((1, 2, 3))], dim=1)


REAL = (smooth(0) + 0.5 / 0.3 * smooth(1, (32, 3, 16, 16))).clamp(-1, 1)  # as the model's own


def gallery(pictures=REAL):
    return Gallery(Brightness, lambda folder: pictures)


def edit(net=None, run=None, **options):
    how = Options(**{**STEPS, **options})
    part = gallery() if find("sdedit").extra(how) else None
    return sdedit(net or model(), Task(GUIDE), how, run or Run(), gallery=part)


def l2(outcome):
    return distance(outcome.images.clamp(-1, 1), GUIDE)


def test_the_strongest_edit_that_is_faithful_is_found():
    made = edit(strength=None, faithfulness=9000)
    strength = made.chosen["strength"]
    assert 0.05 < strength < 0.95
    assert l2(made) <= 9000 < l2(edit(strength=strength + 0.005))
    assert f"strength={strength:g} was found: faithfulness {l2(made):.4g}" in made.notes[0]
    assert f"(l2): {l2(made):.4g}; the paper's bound is" in made.notes[1]


def test_what_was_chosen_gives_the_same_picture_without_a_search():
    made, net = edit(strength=None, faithfulness=9000), model()
    again = edit(net, **made.chosen)
    assert torch.equal(again.images, made.images)
    assert (net.calls.count, again.notes) == (8, ())


def test_the_weakest_edit_that_is_real_is_found():
    made = edit(strength=None, realism=0.02)
    strength = made.chosen["strength"]
    critic, run = gallery().critic(), Run(tuple(range(8)))
    kid = lambda s: critic.kid(edit(strength=s, run=run).images.clamp(-1, 1))  # noqa: E731
    assert 0.05 < strength < 0.95
    assert kid(strength) <= 0.02 < kid(strength - 0.01)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"faithfulness": 0.5}, "no strength reaches faithfulness 0.5: nearest is strength=0.05"),
        ({"realism": -0.9}, "no strength reaches realism -0.9: nearest is strength="),
    ],
)
def test_an_aim_that_nothing_reaches_is_told(asked, said):
    assert said in edit(strength=None, **asked).notes[0]


def test_without_an_aim_more_strength_would_gain_little():
    made = edit(strength=None)
    assert 0.2 < made.chosen["strength"] <= 0.8
    assert "more gains little realism" in made.notes[0]


def test_the_knee_is_where_nine_tenths_are_gained():
    assert knee({0.2: 10.0, 0.3: 4.0, 0.4: 1.0, 0.5: 0.0, 0.6: 0.5}) == 0.4
    assert knee({0.2: 1.0, 0.3: 2.0}) == 0.2
    assert knee({0.5: 3.0}) == 0.5


def test_a_search_is_short_and_stays_between_its_ends():
    tried = []

    def trial(strength):
        tried.append(strength)
        return GUIDE + strength * 0.2

    best = found(Aim(faithfulness=400), trial, GUIDE, None)
    assert best.reached
    assert len(tried) == TRIALS
    assert [s * 1000 for s in tried[:2]] == list(ENDS)
    assert min(tried) >= 0.05
    exact = (400 / (3 * 256 * 256)) ** 0.5 / 0.1
    assert best.strength == pytest.approx(exact, abs=0.005)


def test_real_pictures_are_asked_for_only_where_realism_counts():
    extra = find("sdedit").extra
    assert extra(Options()) == extra(Options(strength=None, faithfulness=1)) == ()
    assert extra(Options(strength=None)) == extra(Options(strength=None, realism=1)) == ("gallery",)


def test_a_critic_prefers_the_real():
    real = smooth(0).repeat(4, 1, 1, 1)
    critic = gallery(real).critic()
    assert isinstance(critic, Critic)
    assert critic.kid(real + 0.1) < critic.kid(real + 0.5)
