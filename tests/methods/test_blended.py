"""Blended Diffusion: guided inside the mask only, each picture by itself, one call a step."""

from dataclasses import dataclass, replace
from types import SimpleNamespace

import pytest
import torch
from torch.nn import functional as F

from overpaint.core.rng import NoiseStream
from overpaint.core.schedule import NoiseSchedule
from overpaint.errors import OptionError
from overpaint.methods import guiding
from overpaint.methods.blended import SOLVERS, Options, blended, levels_of
from overpaint.methods.guiding import Aim, Objective, Sight, Weights, aims, in_chunks, whole
from overpaint.methods.local_clip import Options as LocalOptions
from overpaint.methods.local_clip import local_clip
from overpaint.methods.registry import Region, Run, Task
from overpaint.models.bundle import Calls, DiffusionModel, Unshuffle

from .test_diffusionclip import Gaussian, smooth

IMAGE = smooth(1)
MASK = torch.zeros(1, 1, 16, 16)
MASK[..., :8] = 1
COLOURS = {"red": (1.0, -1.0, -1.0), "blue": (-1.0, -1.0, 1.0), "grey": (0.1, 0.1, 0.1)}


@dataclass
class Colours:
    """In CLIP's place: it sees a picture's mean colour, and knows the names of some."""

    size: int = 16
    seen: int = 0
    least: float = 1.0

    def image(self, images):
        self.seen += len(images)
        return F.normalize(F.pad(images.mean((2, 3)), (0, 1), value=self.least), dim=-1)

    def text(self, texts):
        named = torch.tensor([COLOURS[text] for text in texts])
        return F.normalize(F.pad(named, (0, 1), value=self.least), dim=-1)


def model():
    return DiffusionModel(
        Gaussian(smooth(0)), NoiseSchedule.linear(), Unshuffle(), size=16, calls=Calls()
    )


def made(prompt="red", seeds=(0,), clip=None, mask=MASK, one=None, regions=(), **options):
    task = Task(IMAGE, prompt, mask=mask, regions=regions)
    chosen = Options(**{"num_inference_steps": 6, **options})
    with torch.no_grad():
        return blended(one or model(), task, chosen, Run(seeds), clip=clip or Colours()).images


def redness(images, part=MASK):
    inside = (images * part).sum((2, 3)) / part.sum()
    return inside[:, 0] - inside[:, 1:].mean(1)


@pytest.mark.parametrize("form", ["relative", "paper"])
@pytest.mark.parametrize("solver", SOLVERS)
def test_the_text_acts_inside_the_mask_and_nothing_outside(solver, form):
    images = made(solver=solver, form=form, guidance_scale=1.0, guide_to=0, seeds=(0, 1))
    assert torch.equal(images * (1 - MASK), (IMAGE * (1 - MASK)).expand(2, -1, -1, -1))
    unguided = made("", solver=solver, seeds=(0, 1))
    assert (redness(images) > redness(unguided) + 0.1).all()


@pytest.mark.parametrize("gradient", ["exact", "free"])
@pytest.mark.parametrize("solver", SOLVERS)
def test_a_candidate_is_the_same_alone_and_in_a_batch(gradient, solver):
    options = {"gradient": gradient, "solver": solver, "jumps": 2, "dilate": 1}
    together = made(seeds=(3, 4, 5), **options)
    torch.testing.assert_close(together[2:], made(seeds=(5,), **options), rtol=0, atol=1e-4)


@pytest.mark.parametrize("gradient", ["exact", "free"])
def test_a_step_is_one_call(gradient):
    one = model()
    made(one=one, gradient=gradient)
    assert one.calls.count == 6


def test_an_empty_text_asks_no_clip_and_draws_what_the_model_draws():
    clip = Colours()
    unguided = made(" ", clip=clip)
    assert clip.seen == 0
    task, options = Task(IMAGE, mask=MASK), Options(num_inference_steps=6)
    with torch.no_grad():
        assert torch.equal(unguided, blended(model(), task, options, Run()).images)


def test_clip_is_asked_between_the_two_levels_only():
    clip = Colours()
    levels = levels_of(model().schedule, Options(num_inference_steps=6))
    inside = [lv for lv in levels[:-1] if 0.25 * 999 <= lv.t <= 0.5 * 999]
    made(clip=clip, guide_to=0.25, guide_from=0.5, views=3)
    assert 0 < len(inside) < 6
    assert clip.seen == 3 * len(inside)


def test_where_the_network_is_linear_exact_and_free_agree():
    """Its slope only scales the gradient, which the relative length takes out."""
    exact, free = (made(gradient=g, views=1, every=1, range_weight=0) for g in ("exact", "free"))
    torch.testing.assert_close(exact, free, rtol=0, atol=1e-4)


def test_a_gradient_serves_as_many_steps_as_asked():
    clip, all_steps = Colours(), {"num_inference_steps": 6, "guide_to": 0.0, "views": 2}
    made(clip=clip, gradient="free", every=4, **all_steps)
    assert clip.seen == 2 * 2


def test_speckles_of_the_gradient_are_smoothed_but_not_in_the_papers_form():
    rough, even = (made(smooth=flag, solver="ddim") for flag in (False, True))
    assert not torch.equal(rough, even)
    paper = {"form": "paper", "clip_lambda": 10.0}
    assert torch.equal(made(smooth=True, **paper), made(smooth=False, **paper))


def test_the_baseline_takes_its_texts_from_regions_and_needs_one():
    left, right = MASK, MASK.flip(3)
    regions = (Region(left, "red"), Region(right, ""))
    clip, options = Colours(), LocalOptions(num_inference_steps=2)
    task = Task(IMAGE, regions=regions, mask=left + right)
    with torch.no_grad():
        assert local_clip(model(), task, options, Run(), clip=clip).images.isfinite().all()
        assert clip.seen > 0
        with pytest.raises(OptionError, match="needs a text"):
            local_clip(model(), replace(task, regions=regions[1:]), options, Run(), clip=clip)


def test_without_a_mask_the_whole_picture_is_drawn():
    images = made(mask=None, guidance_scale=1.0)
    assert (images - IMAGE).abs().amin((0, 1)).mean() > 0.01
    assert redness(images, torch.ones(1, 1, 16, 16)) > redness(IMAGE, torch.ones(1, 1, 16, 16))


def test_every_region_follows_its_own_text():
    left, right = MASK, 1 - MASK
    both = (Region(left, "red"), Region(right, "blue"))
    images = made(mask=torch.ones_like(MASK), regions=both, guidance_scale=1.0)
    plain = made("", mask=torch.ones_like(MASK))
    assert redness(images, left) > redness(plain, left) + 0.1
    assert redness(images, right) < redness(plain, right) - 0.1


def test_a_region_without_a_text_is_not_guided():
    found = aims(Task(IMAGE, regions=(Region(MASK, ""), Region(MASK, "red"))), Colours(), "arc")
    assert len(found) == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"loss": "directional"}, "needs a source prompt"),
        ({"form": "paper", "gradient": "free"}, "does not go with form=paper"),
        ({"respacing": "many"}, "respacing cannot be read"),
    ],
)
def test_what_does_not_go_together_is_refused(options, message):
    with pytest.raises(OptionError, match=message):
        made(**options)


def test_the_authors_steps_start_where_theirs_do():
    levels = levels_of(NoiseSchedule.linear(), Options(respacing="100", skip=25))
    assert (levels[0].t, len(levels)) == (747, 76)


def test_a_direction_is_followed_from_text_to_text():
    task = Task(IMAGE, "red", source_prompt="grey", mask=MASK)
    options = Options(num_inference_steps=6, loss="directional", guidance_scale=1.0)
    with torch.no_grad():
        images = blended(model(), task, options, Run(), clip=Colours()).images
    assert redness(images) > redness(made("")) + 0.1


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
    assert guiding.disturbed(changed, IMAGE, MASK) == 0
    torch.testing.assert_close(
        guiding.disturbed(IMAGE + 0.5, IMAGE, MASK), torch.tensor([0.25 / 2])
    )


def test_terms_are_weighted():
    judge = lambda views: 3 + 0 * views[:, 0, 0, 0]  # noqa: E731
    task, pred = Task(IMAGE, mask=MASK), SimpleNamespace(x0=IMAGE + 2)
    sight, weights = Sight(NoiseStream([0]), 16, 1), Weights(clip=2, range=5, background=7)
    loss = Objective((Aim(MASK, judge),) * 2, sight, IMAGE, whole(task), lambda x: x, weights)
    too_much = (IMAGE + 2 - 1).clamp(min=0).square().mean()
    expected = 2 * 2 * 3 + 5 * too_much + 7 * 4 / 2
    torch.testing.assert_close(loss(IMAGE, pred, None), expected.view(1))


def local(prompt="red", **options):
    chosen = LocalOptions(**{"num_inference_steps": 10, **options})
    with torch.no_grad():
        task = Task(IMAGE, prompt, mask=MASK)
        return local_clip(model(), task, chosen, Run((0, 1)), clip=Colours())


def test_the_baseline_keeps_the_background_by_its_loss_alone():
    def lost(weight):
        images = local(paste=False, background_lambda=weight).images
        return guiding.disturbed(images, IMAGE, MASK).mean()

    assert lost(10000.0) < 0.5 * lost(0.0)
    assert lost(10000.0) > 0


def test_the_baselines_result_is_shown_whole_only_if_asked():
    pasted, bare = local(), local(paste=False)
    assert (pasted.whole, bare.whole) == (False, True)
    assert torch.equal((pasted.images * (1 - MASK))[0], (IMAGE * (1 - MASK))[0])
    assert torch.equal(pasted.images * MASK, bare.images * MASK)
