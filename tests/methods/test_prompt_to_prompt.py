"""Prompt-to-Prompt as a method: its options, its mask, what it says."""

import pytest
import torch

from overpaint.errors import OptionError
from overpaint.inversions.registry import INVERSIONS
from overpaint.methods import registry
from overpaint.methods.prompt_to_prompt import ANYWHERE, NOWHERE, listed, windowed
from overpaint.methods.registry import Run, Task

from ..looking import looking

MODEL = looking()
FROM, TO = "a person with brown hair", "a person with red hair"
IMAGE = torch.rand(1, 3, 16, 16, generator=torch.Generator().manual_seed(0)) * 2 - 1


def performed(name="prompt-to-prompt", seeds=(0,), target=TO, **options):
    method = registry.find(name)
    parsed = registry.parse_options(method, {"num_inference_steps": 3, **options})
    return registry.perform(method, MODEL, Task(IMAGE, target, FROM), parsed, Run(seeds), {})


def test_the_method_shows_where_it_edits_and_leaves_the_rest():
    found = performed(blend_threshold=0.9, blend_start=0.0)
    assert 0 < float((found.mask > 0).float().mean()) < 1
    outside = (found.mask == 0).expand_as(found.images)
    assert torch.equal(found.images[outside], IMAGE[outside])


@pytest.mark.parametrize("inversion", INVERSIONS)
def test_local_blend_goes_with_every_inversion_from_the_first_step(inversion):
    found = performed(inversion=inversion, blend_start=0.0, blend_threshold=0.9)
    outside = (found.mask == 0).expand_as(found.images)
    assert torch.equal(found.images[outside], IMAGE[outside])


def test_without_local_blend_there_is_no_mask():
    assert performed(local_blend="off").mask is None


@pytest.mark.parametrize("name", ["prompt-to-prompt", "null-text"])
@pytest.mark.parametrize("idle", [{"local_keep": "cat"}, {"blend_start": 0.5}])
def test_what_holds_an_edit_to_words_has_no_effect_without_local_blend(name, idle):
    with pytest.raises(OptionError, match=f"{next(iter(idle))} has no effect with local_blend=off"):
        registry.parse_options(registry.find(name), {"local_blend": "off", **idle})


@pytest.mark.parametrize("more", [{"local_blend": "red", "local_keep": "red"}])
def test_an_edit_whose_words_are_looked_at_nowhere_says_so(more):
    found = performed(**more)
    assert torch.equal(found.images, IMAGE)
    assert found.notes == (NOWHERE,)
    assert performed().notes == ()


def test_texts_that_differ_in_no_word_let_the_edit_act_anywhere_and_say_so():
    found = performed(target=f"{FROM}_")
    assert found.mask is None
    assert found.notes == (ANYWHERE,)
    assert performed(target=f"{FROM}_", local_blend="off").notes == ()


def test_another_kind_of_picture_lets_the_edit_act_anywhere():
    found = performed(target=f"a sketch of {FROM}")
    assert found.mask is None
    assert torch.equal(
        found.images, performed(target=f"a sketch of {FROM}", local_blend="off").images
    )


def test_local_blend_begins_before_the_path_ends():
    with pytest.raises(OptionError, match="never holds the edit to its words"):
        registry.parse_options(registry.find("prompt-to-prompt"), {"blend_start": 1})


def test_local_blend_by_no_words_is_by_those_that_differ():
    none, auto = (performed(local_blend=how, blend_threshold=0.9) for how in (" , ", "auto"))
    assert torch.equal(none.mask, auto.mask)


def test_strength_zero_is_the_picture():
    assert torch.equal(performed(strength=0).images, IMAGE)


def test_seeds_matter_where_noise_is_drawn_alone():
    one = performed(seeds=(1, 2), inversion="direct")
    assert not one.chance
    assert torch.equal(one.images[0], one.images[1])
    two = performed(seeds=(1, 2))
    assert two.chance
    assert not torch.allclose(two.images[0], two.images[1], atol=1e-3)


def test_null_text_inverts_by_its_name():
    assert performed("null-text").images.shape == IMAGE.shape
    with pytest.raises(OptionError, match="one of null-text"):
        performed("null-text", inversion="ddim")


@pytest.mark.parametrize("name", ["null-text", "fixed-point"])
def test_an_inversion_that_strays_from_the_picture_is_told(name):
    (note,) = performed(inversion=name).notes
    assert note.startswith(f"{name} misses a move by ")


@pytest.mark.parametrize("name", ["prompt-to-prompt", "null-text"])
def test_a_source_prompt_is_needed(name):
    with pytest.raises(OptionError, match="needs a source prompt"):
        registry.check(registry.find(name), {"prompt": TO, "source_prompt": ""})


def test_the_edit_fades_around_its_region():
    soft = performed(blend_threshold=0.9, blend_start=0.0).mask
    assert bool((soft == 1).any())
    assert bool(((soft > 0) & (soft < 1)).any())


def test_lists_of_words_are_read():
    assert listed(" red hair, hat ,") == ("red hair", "hat")
    assert windowed("hair=0.4,top hat=0.2-0.8") == {"hair": 0.4, "top hat": (0.2, 0.8)}
    for wrong in ("hair", "=0.4", "hair=0.1-0.2-0.3", "hair=much"):
        with pytest.raises(OptionError, match="no part of the path"):
            windowed(wrong)
    with pytest.raises(OptionError, match="'hat' has two parts of the path"):
        windowed("hat=0.1,hat=0.9")


def test_weights_are_normalised_only_where_there_are_some():
    with pytest.raises(OptionError, match="normalised has no effect"):
        performed(normalised=True)
    plain, summed = (
        performed(target="a person with (red:2) hair", normalised=on).images for on in (False, True)
    )
    assert not torch.equal(plain, summed)
