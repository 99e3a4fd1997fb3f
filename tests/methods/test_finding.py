"""Masks that are found from texts."""

import pytest
import torch

from overpaint.core.rng import NoiseStream
from overpaint.core.shaping import feathered
from overpaint.errors import OptionError
from overpaint.methods.finding import Finding, found
from overpaint.methods.options import parse_fields
from overpaint.models.zoo import load

MODEL = load("tiny-text")
IMAGE = torch.rand(1, 3, 16, 16, generator=torch.Generator().manual_seed(0)) * 2 - 1
TEXTS = ("a red hat", "a cat")


def mask(texts=TEXTS, seeds=(0,), **how):
    with torch.no_grad():
        return found(MODEL, IMAGE, texts, Finding(**how), NoiseStream(seeds))


def test_a_mask_is_of_the_pictures_size_and_its_contrast_goes_from_0_to_1():
    new = mask(seeds=(0, 1))
    assert new.mask.shape == new.contrast.shape == (2, 1, 16, 16)
    assert set(new.mask.unique().tolist()) == {0.0, 1.0}
    assert torch.equal(new.mask, (new.contrast > 0.5).float())
    assert 0 <= new.contrast.amin() < 0.05
    assert new.contrast.amax() <= 1
    assert not torch.equal(*new.mask)  # each seed has its own noise


@pytest.mark.parametrize("texts", [("a cat", "a cat"), ("A cat", "a CAT"), ("", "")])
@pytest.mark.parametrize("how", [{}, {"otsu": True}, {"percentile": 90}, {"dilate": 3}])
def test_texts_that_say_the_same_give_an_empty_mask(texts, how):
    new = mask(texts, **how)
    assert not new.mask.any()
    assert not new.contrast.any()


@pytest.mark.parametrize("how", [{}, {"agreement": 0.6}, {"antithetic": False}, {"otsu": True}])
def test_a_batch_is_its_pictures_alone(how):
    both = mask(seeds=(3, 4, 5), **how)
    alone = torch.cat([mask(seeds=(seed,), **how).contrast for seed in (3, 4, 5)])
    assert torch.allclose(both.contrast, alone, atol=1e-4)


def test_pictures_of_a_batch_are_judged_one_by_one():
    other = IMAGE.flip(3) * 0.2
    with torch.no_grad():
        stream = NoiseStream((1, 2))
        both = found(MODEL, torch.cat([IMAGE, other]), TEXTS, Finding(), stream).contrast
        alone = found(MODEL, other, TEXTS, Finding(), NoiseStream((2,))).contrast
    assert torch.allclose(both[1:], alone, atol=1e-4)


def test_more_noises_bring_masks_of_different_seeds_together():
    def spread(count):
        maps = mask(seeds=range(8), num_maps_per_mask=count).contrast
        return float(maps.var(0).mean())

    assert spread(16) < 0.5 * spread(2)


def test_no_call_has_more_rows_than_two_for_each_picture(monkeypatch):
    rows, forward = [], MODEL.net.forward

    def counted(x, *args, **named):
        rows.append(len(x))
        return forward(x, *args, **named)

    monkeypatch.setattr(MODEL.net, "forward", counted)
    mask(seeds=(0, 1, 2), num_maps_per_mask=25)
    assert rows == [6] * 25


def test_agreement_spares_noises_and_is_asked_for():
    asked = []

    def watch(items, total, label, /):
        for item in items:
            asked.append(total)
            yield item

    with torch.no_grad():
        stream = NoiseStream((0,))
        found(MODEL, IMAGE, TEXTS, Finding(num_maps_per_mask=40, agreement=0.0), stream, watch)
    assert len(asked) == 4  # two noises and their opposites
    assert asked == [None] * 4  # nobody knows how many there will be


def test_a_lower_threshold_and_growth_make_the_mask_larger():
    small, large, grown = mask(), mask(threshold=0.3), mask(dilate=2)
    assert (large.mask >= small.mask).all()
    assert large.mask.sum() > small.mask.sum()
    assert (grown.mask >= small.mask).all()
    assert grown.mask.sum() > small.mask.sum()


def test_a_feather_lies_around_the_mask_alone():
    sharp, soft = mask(threshold=0.8).mask, mask(threshold=0.8, feather=2).mask
    assert torch.equal(soft[sharp == 1], sharp[sharp == 1])
    assert torch.allclose(soft[sharp == 0], feathered(sharp, 2)[sharp == 0])
    assert ((soft > 0) & (soft < 1)).any()


def test_the_largest_part_alone_is_a_part_of_the_mask():
    how = {"threshold": 0.4, "mask_encode_strength": 0.5}
    whole, part = mask(**how).mask, mask(**how, largest=True).mask
    assert (part <= whole).all()
    assert 0 < part.sum() < whole.sum()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"otsu": True, "threshold": 0.4}, "threshold has no effect with otsu"),
        (
            {"percentile": 95, "mask_thresholding_ratio": 2},
            "mask_thresholding_ratio has no effect with percentile",
        ),
        ({"num_maps_per_mask": 0}, "num_maps_per_mask must be a whole number"),
        ({"mask_encode_strength": 0}, "mask_encode_strength must be a number"),
    ],
)
def test_options_that_cannot_be_are_refused(given, said):
    with pytest.raises(OptionError, match=said):
        parse_fields(Finding, given, "A mask")


def test_a_model_that_reads_no_text_is_refused():
    with pytest.raises(OptionError, match="tiny reads no text"):
        found(load("tiny"), IMAGE, TEXTS, Finding(), NoiseStream((0,)))


@pytest.mark.parametrize(("count", "antithetic"), [(3, True), (1, False)])
def test_noises_too_few_to_compare_halves_of_are_refused(count, antithetic):
    with pytest.raises(OptionError, match="agreement needs more noises"):
        Finding(num_maps_per_mask=count, antithetic=antithetic, agreement=0.9)
    Finding(num_maps_per_mask=count + 1, antithetic=antithetic, agreement=0.9)
