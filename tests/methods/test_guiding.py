"""What a text-guided edit descends: what CLIP is shown, and the terms of its loss."""

from types import SimpleNamespace

import pytest
import torch
from torch.nn import functional as F

from overpaint.core.rng import NoiseStream
from overpaint.methods import guiding
from overpaint.methods.guiding import Aim, Objective, Sight, Weights, aims, in_chunks, whole
from overpaint.methods.registry import Region, Task

from .test_blended import IMAGE, MASK, Colours
from .test_diffusionclip import smooth


def test_a_region_without_a_text_is_not_guided():
    found = aims(Task(IMAGE, regions=(Region(MASK, ""), Region(MASK, "red"))), Colours(), "arc")
    assert len(found) == 1


def seen_by(judge, fill, count=1):
    sight = Sight(NoiseStream([0]), 16, count=count, fill=fill)
    return sight.judged(torch.full_like(IMAGE, 0.5), IMAGE, Aim(MASK, judge))


@pytest.mark.parametrize(("fill", "outside"), [("context", IMAGE), ("grey", 0 * IMAGE)])
def test_what_clip_is_shown_outside_the_mask(fill, outside):
    shown = []
    seen_by(lambda views: shown.append(views) or views.mean((1, 2, 3)), fill)
    edit, source = shown[0].chunk(2, 1)
    assert torch.equal(edit, 0.5 * MASK + outside * (1 - MASK))
    assert torch.equal(source, IMAGE * MASK + outside * (1 - MASK))


def test_views_are_averaged_and_large_pictures_made_small_first():
    sizes = []
    sight = Sight(NoiseStream([0, 1]), 8, count=5)
    judge = lambda views: sizes.append(views.shape) or torch.arange(10.0) + 0 * views[:, 0, 0, 0]  # noqa: E731
    found = sight.judged(IMAGE.expand(2, -1, -1, -1), IMAGE, Aim(MASK, judge))
    assert sizes == [(10, 6, 8, 8)]
    torch.testing.assert_close(found, torch.tensor([4.0, 5.0]))  # of 0 2 4 6 8 and of 1 3 5 7 9


def test_chunks_change_neither_value_nor_gradient():
    x = smooth(3).expand(5, -1, -1, -1).clone() * torch.arange(1, 6).view(-1, 1, 1, 1)
    sizes, found = [], []

    def judge(few):
        sizes.append(len(few))
        return few.pow(3).flatten(1).sum(1)

    for ask in (judge, lambda x: in_chunks(judge, x, 2)):
        leaf = x.clone().requires_grad_()
        value = ask(leaf)
        found.append((value.detach(), *torch.autograd.grad(value.square().sum(), leaf)))
    assert sizes == [5, 2, 2, 1]
    torch.testing.assert_close(found[0], found[1])


def test_the_arc_has_a_gradient_where_nothing_is_left_to_do():
    same = F.normalize(torch.tensor([[0.3, 0.4, 0.5]]), dim=-1)
    for target in (same, -same):
        leaf = same.clone().requires_grad_()
        assert torch.autograd.grad(guiding.arc(leaf, target).sum(), leaf)[0].isfinite().all()


def test_the_background_is_what_lies_outside_the_mask():
    changed = IMAGE + 0.5 * MASK
    assert guiding.changed_outside(changed, IMAGE, MASK) == 0
    torch.testing.assert_close(
        guiding.changed_outside(IMAGE + 0.5, IMAGE, MASK), torch.tensor([0.25 / 2])
    )


def test_terms_are_weighted():
    judge = lambda views: 3 + 0 * views[:, 0, 0, 0]  # noqa: E731
    task, pred = Task(IMAGE, mask=MASK), SimpleNamespace(x0=IMAGE + 2)
    sight, weights = Sight(NoiseStream([0]), 16, 1), Weights(clip=2, range=5, background=7)
    loss = Objective((Aim(MASK, judge),) * 2, sight, IMAGE, whole(task), lambda x: x, weights)
    too_much = (IMAGE + 2 - 1).clamp(min=0).square().mean()
    expected = 2 * 2 * 3 + 5 * too_much + 7 * 4 / 2
    torch.testing.assert_close(loss(IMAGE, pred, None), expected.view(1))
