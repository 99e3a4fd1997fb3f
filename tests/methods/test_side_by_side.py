"""Pictures and their edits side by side."""

from dataclasses import replace

import pytest
import torch

from overpaint.core.guidance import combine
from overpaint.core.rng import NoiseStream
from overpaint.core.schedule import below
from overpaint.core.solvers import last
from overpaint.errors import OptionError
from overpaint.inversions.registry import find
from overpaint.inversions.source import source_of
from overpaint.methods.holding import Local
from overpaint.methods.pairs import Pair
from overpaint.methods.side_by_side import Control, edited

from ..looking import looking

MODEL = looking()
LEVELS = MODEL.schedule.path(below(900, 4))
FROM, TO = "a person with brown hair", "a person with red hair"
X0 = NoiseStream((3, 4)).randn((2, 4, 8, 8))
EVERYWHERE = Control(local=None)
SCALE = 3.0


def inverted(name="direct", x0=X0[:1], texts=(FROM,), model=MODEL):
    source = source_of(model, texts, scale=SCALE, rng=NoiseStream(range(len(x0))))
    return find(name).invert(source, x0, LEVELS)


def made(pairs, control=EVERYWHERE, name="direct", trajectory=None, model=MODEL, **more):
    trajectory = trajectory or inverted(name, model=model)
    return edited(model, trajectory, pairs, control, scale=SCALE, **more)


def test_an_edit_that_says_the_same_is_the_picture_replayed():
    trajectory = inverted("ddim")
    same = made([Pair(FROM, FROM)], name="ddim", trajectory=trajectory).states
    texts = [MODEL.text([""]), MODEL.text([FROM])]
    plain = last(find("ddim").replay(trajectory, combine(MODEL, texts, (1 - SCALE, SCALE))))
    assert torch.allclose(same, plain, atol=1e-4)


def test_without_borrowing_it_is_sampled_as_ever():
    trajectory = inverted()
    alone = made([Pair(FROM, TO)], replace(EVERYWHERE, cross=0.0, selves=0.0)).states
    texts = [MODEL.text([""]), MODEL.text([TO])]
    plain = last(find("ddim").replay(trajectory, combine(MODEL, texts, (1 - SCALE, SCALE))))
    assert torch.allclose(alone, plain, atol=1e-4)
    assert not torch.allclose(alone, made([Pair(FROM, TO)]).states, atol=1e-2)


@pytest.mark.parametrize(("name", "rows"), [("direct", 3), ("ddim", 4)])
def test_a_pinned_picture_costs_one_row_a_step(name, rows, monkeypatch):
    trajectory, seen = inverted(name), []
    forward = MODEL.net.forward
    monkeypatch.setattr(
        MODEL.net, "forward", lambda x, *a, **k: seen.append(len(x)) or forward(x, *a, **k)
    )
    made([Pair(FROM, TO)], name=name, trajectory=trajectory)
    assert seen == [rows] * (len(LEVELS) - 1)


@pytest.mark.parametrize("name", ["direct", "ddim", "edict", "negative-prompt"])
def test_several_edits_of_several_pictures_are_as_one_by_one(name):
    texts = (FROM, "a cat with a hat")
    both = inverted(name, X0, texts)
    pairs = [Pair(FROM, TO), Pair(texts[1], "a cat with a crown", 1), Pair(FROM, "(red:2) hair")]
    control = Control(local=Local(start=0.2))
    together = made(pairs, control, name, both)
    for number, pair in enumerate(pairs):
        one = inverted(name, X0[pair.picture : pair.picture + 1], (texts[pair.picture],))
        alone = made([replace(pair, picture=0)], replace(control, local=None), name, one)
        free = made(pairs, replace(control, local=None), name, both)
        assert torch.allclose(free.states[number], alone.states[0], atol=2e-3)
    assert together.mask.shape == (3, 1, 8, 8)


def test_outside_the_words_an_edit_is_its_picture():
    found = made([Pair(FROM, TO)], Control(local=Local(threshold=0.8)))
    outside = (found.mask == 0).expand_as(found.states)
    assert 0 < float(found.mask.mean()) < 1
    assert torch.equal(found.states[outside], X0[:1][outside])
    assert not torch.equal(found.states, X0[:1])


def test_words_that_are_kept_are_left_out_of_the_region():
    free = made([Pair(FROM, TO)], Control(local=Local(threshold=0.5))).mask
    kept = made([Pair(FROM, TO)], Control(local=Local(kept=("person",), threshold=0.5))).mask
    assert float(kept.mean()) < float(free.mean())


def test_outside_a_mask_an_edit_is_its_picture():
    mask = torch.zeros(1, 1, 8, 8)
    mask[..., :4] = 1
    found = made([Pair(FROM, TO)], mask=mask).states
    assert torch.equal(found[..., 4:], X0[:1, ..., 4:])
    assert not torch.allclose(found[..., :4], X0[:1, ..., :4], atol=1e-2)


def test_each_edit_is_held_to_its_own_mask():
    masks = torch.zeros(3, 1, 8, 8)
    masks[0, ..., :4], masks[1, ..., 4:], masks[2, :, :2] = 1, 1, 1
    both = inverted("ddim", X0, (FROM, "a cat"))
    pairs = [Pair(FROM, TO), Pair(FROM, "a person"), Pair("a cat", "a dog", 1)]
    found = made(pairs, name="ddim", trajectory=both, mask=masks).states
    pictures = X0[[0, 0, 1]]
    for edit, picture, mask in zip(found, pictures, masks, strict=True):
        outside = (mask == 0).expand_as(edit)
        assert torch.equal(edit[outside], picture[outside])
        assert not torch.allclose(edit[~outside], picture[~outside], atol=1e-2)
    one = made(pairs, name="ddim", trajectory=both, mask=masks[:1]).states
    each = made(pairs, name="ddim", trajectory=both, mask=masks[:1].expand(3, -1, -1, -1)).states
    assert torch.equal(one, each)


@pytest.mark.parametrize(
    ("pairs", "message"),
    [
        ([Pair(FROM, TO, -1)], "no picture -1\nthere are 2, from 0"),
        ([Pair(FROM, TO, 2)], "no picture 2"),
        ([Pair(FROM, TO), Pair("a person", TO)], "Picture 0 shows one thing\ntold are 'a person"),
        ([Pair(FROM, TO, 1)], "Picture 1 was inverted under another text\nunder 'a cat', not"),
    ],
)
def test_pairs_say_of_a_picture_what_it_was_inverted_under(pairs, message):
    with pytest.raises(OptionError, match=message):
        made(pairs, trajectory=inverted("direct", X0, (FROM, "a cat")))


def test_blanks_between_words_make_no_other_picture():
    told = "a  person with brown hair "
    assert made([Pair(FROM, TO), Pair(told, TO)]).states.shape == (2, 4, 8, 8)


def test_a_trajectory_s_rows_keep_their_own_texts():
    swapped = inverted("direct", X0, (FROM, "a cat")).rows([1, 0])
    assert swapped.key.texts == ("a cat", FROM)
    assert made([Pair(FROM, TO, 1)], trajectory=swapped).states.shape == (1, 4, 8, 8)


def test_a_word_that_is_nowhere_is_named_with_those_that_are():
    with pytest.raises(OptionError, match="Neither text holds 'hat'") as caught:
        made([Pair(FROM, TO)], Control(local=Local(words=("hat",))))
    assert "source prompt: its words are a, person, with, brown, hair; " in caught.value.why
    assert "; prompt: its words are a, person, with, red, hair" in caught.value.why
    with pytest.raises(OptionError, match="does not hold 'brown'"):
        made([Pair(FROM, TO)], Control(words={"brown": 0.5}))


def test_weights_typed_in_a_prompt_count():
    plain, heavy = (made([Pair(FROM, text)]).states for text in (TO, "a person with (red:4) hair"))
    assert not torch.allclose(plain, heavy, atol=1e-3)


HEAVY = "a person with (red:4) hair"


@pytest.mark.parametrize(
    "how", [{"cross": 0.0}, {"words": {"red": 0.1}}, {"words": {"red": (1.0, 1.0)}}]
)
def test_weights_that_no_step_leaves_any_time_are_refused(how):
    control = replace(EVERYWHERE, **how)
    with pytest.raises(OptionError, match=r"\(red:4\) hair' counts at no step\n.*cross_replace"):
        made([Pair(FROM, HEAVY)], control)
    made([Pair(FROM, TO), Pair(FROM, "a person with (red:1) hair")], control)
    given = replace(control, words={"red": 0.5})
    plain, heavy = (made([Pair(FROM, text)], given).states for text in (TO, HEAVY))
    assert not torch.allclose(plain, heavy, atol=1e-4)


@pytest.mark.parametrize("weight", ["2", "0", "-2"])
@pytest.mark.parametrize(("source", "word"), [(FROM, "brown"), ("a person with a hair", "brown")])
def test_an_edit_acts_where_a_word_is_looked_at_whatever_its_weight(weight, source, word):
    target = FROM.replace(word, f"({word}:{weight})")
    trajectory = inverted(texts=(source,))
    found = made([Pair(source, target)], Control(local=Local(threshold=0.8)), trajectory=trajectory)
    outside = (found.mask == 0).expand_as(found.states)
    assert 0 < float(found.mask.mean()) < 1
    assert torch.equal(found.states[outside], X0[:1][outside])
    assert not torch.equal(found.states, X0[:1])


def test_the_region_is_finer_than_cells():
    found = made([Pair(FROM, TO)], Control(local=Local(threshold=0.8)))
    cells = torch.nn.functional.avg_pool2d(found.fine, 2)
    assert cells.shape == found.mask.shape
    assert float((cells - found.mask).abs().mean()) < 0.15
    assert bool(((cells > 0) & (cells < 1)).any())
