"""Blended Diffusion: guided inside the mask only, each picture by itself, one call a step."""

from dataclasses import asdict, dataclass

import pytest
import torch
from torch.nn import functional as F

from overpaint.core.schedule import NoiseSchedule
from overpaint.errors import OptionError
from overpaint.methods import registry
from overpaint.methods.blended import SOLVERS, Options, blended, levels_of
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
    scale = {"guidance_scale": 1.0} if form == "relative" else {}
    images = made(solver=solver, form=form, guide_to=0, seeds=(0, 1), **scale)
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
    made(clip=clip, guide_to=0.25, guide_from=0.5, views=3, every=1)
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


def test_speckles_of_the_gradient_are_smoothed():
    rough, even = (made(smooth=flag, solver="ddim") for flag in (False, True))
    assert not torch.equal(rough, even)


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


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"loss": "directional"}, "needs a source prompt"),
        ({"form": "paper", "gradient": "free"}, "does not go with form=paper"),
    ],
)
def test_what_does_not_go_together_is_refused(options, message):
    with pytest.raises(OptionError, match=message):
        made(**options)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"guide_from": 0.2, "guide_to": 0.5}, "guide_to=0.5 is above guide_from=0.2"),
        ({"clip_lambda": 500}, "clip_lambda has no effect with form=relative"),
        ({"form": "paper", "guidance_scale": 1}, "guidance_scale has no effect with form=paper"),
        ({"form": "paper", "smooth": "off"}, "smooth has no effect with form=paper"),
        ({"form": "paper", "every": 2}, "every has no effect with form=paper"),
        ({"respacing": "100", "strength": 0}, "strength has no effect with respacing"),
        ({"respacing": "100", "num_inference_steps": 9}, "num_inference_steps has no effect"),
        ({"skip": 0}, "skip has no effect without respacing"),
    ],
)
def test_options_without_effect_are_refused(given, said):
    with pytest.raises(OptionError, match=said):
        registry.parse_options(registry.find("blended"), given)


@pytest.mark.parametrize(
    "given",
    [
        {"form": "paper", "clip_lambda": 500},
        {"respacing": "100", "skip": 0},
        {"guide_from": 0.5, "guide_to": 0.5},
        {"strength": 0, "every": 2, "smooth": False},
    ],
)
def test_options_with_effect_are_taken_again_from_a_record(given):
    assert Options(**asdict(Options(**given))) == Options(**given)


def test_the_authors_steps_start_where_theirs_do():
    levels = levels_of(NoiseSchedule.linear(), Options(respacing="100", skip=25))
    assert (levels[0].t, len(levels)) == (747, 76)


@pytest.mark.parametrize(("spec", "steps"), [("100", 75), ("25", 19), ("ddim50", 38), ("1", 1)])
def test_a_quarter_of_the_steps_is_left_out_unless_told(spec, steps):
    assert len(levels_of(NoiseSchedule.linear(), Options(respacing=spec))) == steps + 1


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"respacing": "25", "skip": 25}, r"skip must be in \[0, 24\], got 25"),
        ({"respacing": "many"}, "respacing cannot be read"),
    ],
)
def test_steps_that_are_not_there_are_refused(given, said):
    with pytest.raises(OptionError, match=said):
        levels_of(NoiseSchedule.linear(), Options(**given))


def test_a_direction_is_followed_from_text_to_text():
    task = Task(IMAGE, "red", source_prompt="grey", mask=MASK)
    options = Options(num_inference_steps=6, loss="directional", guidance_scale=1.0)
    with torch.no_grad():
        images = blended(model(), task, options, Run(), clip=Colours()).images
    assert redness(images) > redness(made("")) + 0.1


@pytest.mark.parametrize(
    ("source_prompt", "said"),
    [("", {"loss": "arc"}), ("grey", {"loss": "directional"})],
)
@pytest.mark.parametrize("form", ["relative", "paper"])
def test_the_loss_is_a_direction_where_there_is_one(source_prompt, said, form):
    task = Task(IMAGE, "red", source_prompt=source_prompt, mask=MASK)
    few = {"num_inference_steps": 3, "form": form}
    said = said if form == "relative" else {"loss": "arc"}  # the paper's is of the text alone
    with torch.no_grad():
        alone, same = (
            blended(model(), task, Options(**few, **how), Run(), clip=Colours()).images
            for how in ({}, said)
        )
        other = {"loss": "cos"}
        another = blended(model(), task, Options(**few, **other), Run(), clip=Colours()).images
    assert torch.equal(alone, same)
    assert not torch.equal(alone, another)
