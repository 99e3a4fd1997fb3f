"""DiffEdit: the picture itself outside the mask, plain sampling inside, one mask for each seed."""

from dataclasses import replace

import pytest
import torch

from overpaint.core.schedule import below
from overpaint.core.solvers import last, solve
from overpaint.errors import OptionError
from overpaint.inversions.ddim import ddim
from overpaint.inversions.registry import INVERSIONS
from overpaint.methods import registry
from overpaint.methods.diffedit import OPERATORS, Options, Passage, walked
from overpaint.methods.registry import Region, Run, Task
from overpaint.models.bundle import Calls
from overpaint.models.prompting import guided, under
from overpaint.models.zoo import load

MODEL = load("tiny-text")
METHOD = registry.find("diffedit")
IMAGE = torch.rand(1, 3, 16, 16, generator=torch.Generator().manual_seed(0)) * 2 - 1
LEFT = torch.zeros(1, 1, 16, 16)
LEFT[..., :8] = 1
PROMPT, SOURCE = "a red hat", "a cat"


def made(task=None, seeds=(0,), model=MODEL, **options):
    chosen = Options(**{"num_inference_steps": 4, **options})
    asked = task or Task(IMAGE, PROMPT, SOURCE)
    return registry.perform(METHOD, model, asked, chosen, Run(seeds), {})


def latents(inside, rows=1, seeds=(0,), task=None, **options):
    """What an operator comes to, in the model's own space."""
    chosen = Options(**{"num_inference_steps": 6, **options})
    with torch.no_grad():
        task, x0 = (
            task or Task(IMAGE, PROMPT, SOURCE),
            MODEL.codec.encode(IMAGE).repeat(rows, 1, 1, 1),
        )
        how = {"x0": x0, "inside": inside, "run": Run(seeds)}
        return x0, last(walked(Passage(MODEL, task, chosen, **how))[0])


@pytest.mark.parametrize("operator", OPERATORS)
def test_outside_every_mask_the_end_is_the_picture_itself(operator):
    inside = torch.zeros(2, 1, 8, 8)
    inside[1, :, :, 4:] = 1
    x0, found = latents(inside, 2, (0, 1), operator=operator)
    assert torch.equal(found[0], x0[0])
    assert torch.equal(found[1, ..., :4], x0[1, ..., :4])
    assert (found[1, ..., 4:] - x0[1, ..., 4:]).abs().mean() > 0.1


def test_with_all_of_the_picture_it_is_plain_sampling_from_the_encoded_noise():
    _, found = latents(torch.ones(1, 1, 8, 8), strength=1.0, guidance_scale=5.0)
    with torch.no_grad():
        levels = MODEL.schedule.path(below(len(MODEL.schedule) - 1, 6))
        noise = ddim(under(MODEL, MODEL.text([""])), MODEL.codec.encode(IMAGE), levels).noise
        led = guided(MODEL, MODEL.text([PROMPT]), 5.0)
        assert torch.equal(found, last(solve(led, noise, levels)))


def test_it_is_encoded_without_a_text_unless_asked_otherwise():
    full = torch.ones(1, 1, 8, 8)
    _, plain = latents(full)
    _, told = latents(full, encode_source=True)
    assert not torch.allclose(plain, told, atol=1e-3)


@pytest.mark.parametrize("texts", [(SOURCE, SOURCE), ("A Cat", "a cat")])
def test_a_text_that_asks_for_nothing_new_changes_nothing(texts):
    outcome = made(Task(IMAGE, *texts), seeds=(0, 1))
    assert torch.equal(outcome.images, IMAGE.expand(2, -1, -1, -1))
    assert not outcome.mask.any()
    assert not outcome.chance
    assert outcome.notes == ("both texts say the same: nothing is edited",)


def test_strength_0_is_the_picture_itself_and_asks_nothing():
    counted = replace(MODEL, calls=Calls())
    assert torch.equal(made(model=counted, strength=0).images, IMAGE)
    assert counted.calls.count == 0


@pytest.mark.parametrize("operator", OPERATORS)
def test_each_seed_is_edited_in_its_own_mask(operator):
    outcome = made(seeds=(0, 1), operator=operator)
    assert outcome.mask.shape == (2, 1, 16, 16)
    assert not torch.equal(*outcome.mask)
    outside = outcome.mask == 0
    assert torch.equal(outcome.images * outside, IMAGE * outside)
    for seed in (0, 1):
        alone = made(seeds=(seed,), operator=operator)
        assert torch.equal(alone.mask[0], outcome.mask[seed])
        assert torch.allclose(alone.images[0], outcome.images[seed], atol=1e-4)


@pytest.mark.parametrize(
    ("operator", "calls"), [("encode", 10 + 4 + 4), ("glide", 10 + 4 + 4), ("noise", 10 + 4)]
)
def test_what_it_costs(operator, calls):
    counted = replace(MODEL, calls=Calls())
    made(model=counted, operator=operator)
    assert counted.calls.count == calls


def test_a_mask_that_is_given_stands_and_leaves_nothing_to_chance():
    counted = replace(MODEL, calls=Calls())
    outcome = made(Task(IMAGE, PROMPT, SOURCE, LEFT), (0, 1), counted)
    assert outcome.mask is None
    assert not outcome.chance
    assert torch.equal(*outcome.images)
    assert counted.calls.count == 8
    assert torch.equal(outcome.images[..., 8:], IMAGE[..., 8:].expand(2, -1, -1, -1))
    assert not torch.allclose(outcome.images[..., :8], IMAGE[..., :8], atol=0.1)


def test_a_hint_narrows_or_widens_what_is_found():
    found = made().mask
    narrow, wide = (made(Task(IMAGE, PROMPT, SOURCE, LEFT), hint=h) for h in ("intersect", "union"))
    assert torch.equal(narrow.mask, found * LEFT)
    assert torch.equal(wide.mask, torch.maximum(found, LEFT))
    assert torch.equal(narrow.images[..., 8:], IMAGE[..., 8:])
    assert not torch.equal(wide.images[..., 8:], IMAGE[..., 8:])


@pytest.mark.parametrize("regions", [(), (Region(LEFT, PROMPT),)])
def test_a_hint_without_a_mask_is_refused(regions):
    task = Task(IMAGE, PROMPT, mask=LEFT if regions else None, regions=regions)
    with pytest.raises(OptionError, match="hint=union needs one mask"):
        made(task, hint="union")


def test_several_edits_in_one_pass_follow_their_own_texts():
    both = (Region(LEFT, "a red hat"), Region(1 - LEFT, "a dog"))
    full = torch.ones(1, 1, 8, 8)
    task = Task(IMAGE, mask=torch.ones_like(LEFT), regions=both)
    _, together = latents(full, task=task, num_inference_steps=1)
    for region in both:  # of the first step alone: later ones see what the other text has drawn
        _, alone = latents(full, task=Task(IMAGE, region.prompt), num_inference_steps=1)
        inside = MODEL.codec.encode_mask(region.mask)
        assert torch.allclose(together * inside, alone * inside, atol=1e-4)
        assert not torch.allclose(together, alone, atol=1e-2)


def test_several_edits_take_no_more_calls_than_one():
    counted = replace(MODEL, calls=Calls())
    both = (Region(LEFT, "a red hat"), Region(1 - LEFT, "a dog"))
    made(Task(IMAGE, mask=torch.ones_like(LEFT), regions=both), model=counted)
    assert counted.calls.count == 8


@pytest.mark.parametrize("idle", [{"inversion": "edict"}, {"encode_source": True}])
def test_noise_that_is_drawn_encodes_nothing(idle):
    with pytest.raises(OptionError, match=f"{next(iter(idle))} has no effect with operator=noise"):
        made(operator="noise", **idle)


def test_guidance_acts():
    one, other = (made(Task(IMAGE, PROMPT, SOURCE, LEFT), guidance_scale=s) for s in (1.0, 7.5))
    assert not torch.allclose(one.images, other.images, atol=0.01)


@pytest.mark.parametrize("source", [False, True])
@pytest.mark.parametrize("inversion", INVERSIONS)
def test_any_inversion_encodes(inversion, source):
    task = Task(IMAGE, PROMPT, SOURCE, LEFT)
    outcome = made(task, inversion=inversion, encode_source=source)
    assert not torch.equal(outcome.images[..., :8], IMAGE[..., :8])
    assert torch.equal(outcome.images[..., 8:], IMAGE[..., 8:])


@pytest.mark.parametrize("source", [False, True])
def test_direct_inversion_pins_nothing_so_it_is_as_ddim(source):
    task = Task(IMAGE, PROMPT, SOURCE, LEFT)
    direct, ddim = (made(task, inversion=i, encode_source=source) for i in ("direct", "ddim"))
    assert torch.equal(direct.images, ddim.images)


@pytest.mark.parametrize(
    "how", [{"operator": "noise"}, {"inversion": "edit-friendly", "encode_source": True}]
)
def test_the_search_takes_no_noise_from_the_way(how):
    """An edit is the same whether its mask was found before it, or then."""
    found = made(**how)
    given = made(Task(IMAGE, PROMPT, SOURCE, found.mask), **how)
    assert torch.equal(found.images, given.images)


def test_a_model_that_reads_no_text_is_refused():
    with pytest.raises(OptionError, match="tiny reads no text") as caught:
        made(model=load("tiny"))
    assert caught.value.why == "the method diffedit needs a text-to-image model"


def test_a_way_under_the_source_prompt_needs_one():
    with pytest.raises(OptionError, match="encode_source needs a source prompt"):
        made(Task(IMAGE, PROMPT), encode_source=True)
