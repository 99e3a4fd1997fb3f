"""Noise combination: the authors' numbers, and the algebra of weights, times and masks."""

from dataclasses import replace

import pytest
import torch

from overpaint.core.schedule import official
from overpaint.core.solvers import last, solve
from overpaint.errors import OptionError
from overpaint.methods.combining import Blend, Part, as_blend, combined
from overpaint.methods.diffusionclip import Options, diffusionclip
from overpaint.methods.registry import Run, Task
from overpaint.methods.shares import weight_of
from overpaint.models.bundle import Unshuffle

from .. import golden
from .test_diffusionclip import SCHEDULE, gaussian, smooth, tuned

LEVEL = SCHEDULE.at(400)
X = smooth(3)
MEANS = [smooth(seed) for seed in (0, 1, 2)]


def blend(*weights, masks=(None, None)):
    adapters = [tuned(mean) for mean in MEANS[1:]]
    return Blend(tuple(map(Part, adapters, map(weight_of, weights), masks)))


def eps(blended, level=LEVEL, degree=1.0, combine="noise", rest="base"):
    model = gaussian(MEANS[0])
    denoise = combined(model, blended, degree=degree, combine=combine, rest=rest)
    return denoise(X, level).eps, model.calls.count


def alone(mean, level=LEVEL):
    return gaussian(mean)(X, level).eps


@pytest.mark.parametrize("steps", [6, 40])
def test_steps_of_weights_are_the_authors_hybrid(steps):
    """Their configuration: from time 300 upwards the first model alone, below it 0.3 and 0.7."""
    stored = golden.arrays("diffusionclip_sampling")
    one = slice(0, 1)
    model = gaussian(stored["m1"][one])
    adapters = [tuned(stored[name][one]) for name in ("m1", "m2")]
    weights = [weight_of("300=1,0=0.3"), weight_of("300=0,0=0.7")]
    denoise = combined(
        model, Blend(tuple(map(Part, adapters, weights))), degree=1, combine="noise", rest="none"
    )
    levels = SCHEDULE.path([*official(500, steps), -1])
    found = last(solve(denoise, stored["invert.t500.S40.39"][one], levels))
    assert (found - stored[f"hybrid.t500.S{steps}.{steps}"]).abs().max() < 1e-5


@pytest.mark.parametrize("scale", [1, 10])
def test_without_a_rest_weights_are_divided_by_their_sum(scale):
    found, _ = eps(blend(0.3 * scale, 0.7 * scale), rest="none")
    torch.testing.assert_close(found, 0.3 * alone(MEANS[1]) + 0.7 * alone(MEANS[2]))
    with pytest.raises(OptionError, match="divided by their sum"):
        eps(blend(1, -1), rest="none")


@pytest.mark.parametrize(
    ("weights", "degree"), [((1, 1), 1), ((0.6, 0.4), 1), ((-0.5, 2), 1), ((1, 0.5), -1.5)]
)
def test_what_weights_leave_to_one_is_the_untuned_models(weights, degree):
    found, calls = eps(blend(*weights), degree=degree)
    shares = [degree * weight for weight in weights]
    shares = [1 - sum(shares), *shares]
    torch.testing.assert_close(found, sum(w * alone(m) for w, m in zip(shares, MEANS, strict=True)))
    assert calls == sum(share != 0 for share in shares)


def test_weights_change_along_the_path_and_only_who_has_one_is_asked():
    parts = blend("300=1,0=0.25", "300=0,0=0.75")
    assert eps(parts, SCHEDULE.at(300))[1] == 1
    found, calls = eps(parts, SCHEDULE.at(299))
    assert calls == 2
    level = SCHEDULE.at(299)
    expected = 0.25 * alone(MEANS[1], level) + 0.75 * alone(MEANS[2], level)
    torch.testing.assert_close(found, expected)


def test_a_rounding_error_asks_nobody():
    assert 1 - sum((2.3, -1.3)) != 0
    assert eps(blend(2.3, -1.3))[1] == 2


def test_masks_say_where_each_adapter_acts():
    left = torch.zeros(1, 1, 16, 16)
    left[..., :8] = 1
    found, calls = eps(blend(1, 0.5, masks=(left, 1 - left)))
    assert calls == 3
    torch.testing.assert_close(found[..., :8], alone(MEANS[1])[..., :8])
    right = 0.5 * alone(MEANS[0]) + 0.5 * alone(MEANS[2])
    torch.testing.assert_close(found[..., 8:], right[..., 8:])


def test_masks_lie_as_the_pixels_do_in_models_of_another_space():
    """Two by two pixels in the channels: the mask goes the way of the picture."""
    model = replace(gaussian(torch.zeros(1, 12, 8, 8)), codec=Unshuffle(2), size=16)
    mask = torch.zeros(1, 1, 16, 16)
    mask[..., 3, 5] = 1
    parts = Blend((Part(tuned(torch.ones(1, 12, 8, 8)), 1.0, mask),))
    x = model.codec.encode(X)
    denoise = combined(model, parts, degree=1, combine="noise", rest="base")
    change = model.codec.decode(denoise(x, LEVEL).eps - model(x, LEVEL).eps)
    assert change[..., 3, 5].abs().min() > 0.1
    change[..., 3, 5] = 0
    assert change.abs().max() < 1e-6


@pytest.mark.parametrize("weights", [(1, 1), (0.5, -2), ("300=1,0=0", "500=0..0=1")])
def test_merged_weights_cost_one_call_and_agree_where_the_noise_is_linear(weights):
    for level in SCHEDULE.path((400, 200)):
        noise, _ = eps(blend(*weights), level)
        merged, calls = eps(blend(*weights), level, combine="weights")
        assert calls == 1
        assert (noise - merged).abs().max() < 1e-5  # a Gaussian's noise is linear in its mean


@pytest.mark.parametrize(("combine", "rest"), [("weights", "base"), ("noise", "none")])
def test_masks_need_noise_and_a_rest(combine, rest):
    parts = blend(1, 1, masks=(torch.ones(1, 1, 16, 16), None))
    with pytest.raises(OptionError, match="mask"):
        eps(parts, combine=combine, rest=rest)


def test_several_adapters_make_one_edit_of_the_longest_chain():
    model, cards = gaussian(MEANS[0]), ({"num_inversion_steps": 7}, {"num_inference_steps": 3})
    adapters = [tuned(m, t, **c) for m, t, c in zip(MEANS[1:], (200, 300), cards, strict=True)]
    parts = Blend(tuple(map(Part, adapters)))
    made = diffusionclip(model, Task(smooth(4)), Options(), Run(), adapter=parts)
    assert model.calls.count == 7 + 3 * 3  # the untuned model is one of three
    (note,) = made.notes
    assert "t0=200 and 300: all return to 300" in note
    alone = diffusionclip(model, Task(smooth(4)), Options(), Run(), adapter=adapters[0])
    assert alone.notes == ()


def test_a_record_tells_adapters_weights_and_masks_apart():
    mask = torch.ones(1, 1, 16, 16)
    parts = blend(1, "300=0.4,0=0.15")
    one, two = parts.parts
    two = replace(two, adapter=replace(two.adapter, name="runs/my hat", hash="ab12"), mask=mask)
    found = Blend((one, replace(two, mask_name="mask.png cd34"))).described()
    assert found == {
        "adapter": "",
        "adapter 2": "runs/my hat ab12",
        "adapter 2 weight": "300.0=0.4,0.0=0.15",
        "adapter 2 mask": "mask.png cd34",
    }
    assert as_blend(one.adapter).described() == {"adapter": ""}
