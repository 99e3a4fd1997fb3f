"""The time t0 that reaches a score: found by bisection, told, and not searched again."""

from dataclasses import replace

import pytest
import torch

from overpaint.errors import OptionError
from overpaint.methods.bisecting import TRIALS
from overpaint.methods.diffusionclip import Options, diffusionclip
from overpaint.methods.registry import Run, Task, find, parse_options
from overpaint.methods.strength import HIGHEST, LOWEST, Scorer, Wish, likeness, progress

from .test_diffusionclip import gaussian, smooth, tuned

LAST = 999
FAR = smooth(0) + 1  # where the tuned model leads


class Faces:
    """An encoder whose likeness is how near two pictures are: 1 minus their distance."""

    def embed(self, images):
        angle = images.mean(dim=(1, 2, 3))
        return torch.stack([angle.cos(), angle.sin()], dim=1)


class Words:
    """A CLIP for which a text is a brightness, and a picture its own."""

    def image(self, images):
        return torch.stack([images.mean(dim=(1, 2, 3)), torch.zeros(len(images))], dim=1)

    def text(self, texts):
        return torch.tensor([[float(text), 0.0] for text in texts])


SCORER = Scorer(Faces, Words)


def edit(task=None, model=None, **options):
    adapter = tuned(FAR, num_inversion_steps=20, num_inference_steps=2)
    task = task or Task(smooth(0), "1", "0")
    made = diffusionclip(
        model or gaussian(smooth(0)),
        task,
        Options(bridge="off", **options),
        Run(),
        adapter=adapter,
        scorer=SCORER if options.get("t0") == "auto" else None,
    )
    return made, float(Faces.embed(None, made.images)[0] @ Faces.embed(None, task.image)[0])


def test_the_strongest_edit_that_keeps_the_likeness_is_found():
    made, kept = edit(t0="auto", identity=0.9)
    t0 = float(made.chosen["t0"])
    assert LOWEST * LAST < t0 < HIGHEST * LAST
    assert kept >= 0.9 - 0.01  # the trial's inversion is shorter
    _, beyond = edit(t0=str(t0 + 0.02 * LAST), num_inversion_steps=20, num_inference_steps=2)
    assert beyond < 0.9
    (note,) = made.notes
    assert f"t0={t0:g} was found: identity about 0.9" in note


def test_the_weakest_edit_that_goes_far_enough_is_found():
    made, _ = edit(t0="auto", direction=0.3)
    assert float(made.images.mean() - smooth(0).mean()) >= 0.3 - 0.01
    t0 = float(made.chosen["t0"]) - 0.02 * LAST
    before, _ = edit(t0=str(t0), num_inversion_steps=20, num_inference_steps=2)
    assert float(before.images.mean() - smooth(0).mean()) < 0.3


def test_a_wish_that_nothing_reaches_is_told():
    made, _ = edit(t0="auto", direction=1.9)
    (note,) = made.notes
    assert "no t0 reaches direction 1.9: nearest is t0=799" in note
    assert float(made.chosen["t0"]) == round(HIGHEST * LAST)


def test_what_was_chosen_gives_the_same_picture_without_a_search():
    made, _ = edit(t0="auto", identity=0.9)
    model = gaussian(smooth(0))
    chosen = {name: value for name, value in made.chosen.items() if name != "bridge"}
    again, _ = edit(model=model, **chosen)
    assert torch.equal(again.images, made.images)
    assert model.calls.count == 20 + 2
    assert again.notes == ()


def test_a_search_is_short():
    model = gaussian(smooth(0))
    edit(model=model, t0="auto", identity=0.9)
    assert model.calls.count <= TRIALS * (8 + 2) + 20 + 2


def test_a_time_is_taken_as_it_is():
    at_time, _ = edit(t0="400")
    by_strength, _ = edit(strength=400 / LAST)
    assert (at_time.images - by_strength.images).abs().max() < 1e-5
    assert torch.equal(edit(t0="0")[0].images, smooth(0))
    with pytest.raises(OptionError, match=r"t0 must be in \[0, 999\], got 1000"):
        edit(t0="1000")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"t0": "late"}, "t0 must be a time"),
        ({"t0": "nan"}, "t0 must be a time"),
        ({"t0": -5}, "t0 must be a time"),
        ({"t0": 300, "strength": 0.5}, "say the same"),
        ({"t0": "auto", "strength": 0.5}, "say the same"),
        ({"identity": 0.8}, "t0=auto"),
        ({"t0": "auto", "identity": 0.8, "direction": 0.2}, "both"),
        ({"grid": "official", "spacing": "log_snr"}, "times of its own"),
    ],
)
def test_options_that_contradict_each_other_are_refused(given, said):
    with pytest.raises(OptionError, match=said):
        parse_options(find("diffusionclip"), given)


def test_scores_are_what_they_say():
    images = smooth(0).repeat(2, 1, 1, 1)
    assert likeness(Faces())(images, images) == pytest.approx(1)
    along = progress(Words(), "0.5", "0")
    assert along(images, images + 0.25) == pytest.approx(0.5, abs=1e-6)
    assert along(images, images) == 0
    assert Wish.asked().value == 0.8
    assert replace(Wish.asked(direction=0.2), value=0.3).rising


def test_networks_are_loaded_only_where_they_are_needed():
    loaded = []
    scorer = Scorer(lambda: loaded.append("face") or Faces(), lambda: loaded.append("clip"))
    scorer.score(Wish("identity", 0.8), "1", "0")
    assert loaded == ["face"]
    extra = find("diffusionclip").extra
    assert (extra(Options()), extra(Options(t0="auto"))) == ((), ("scorer",))
