"""What holds for every method, whatever it does."""

import dataclasses
from dataclasses import replace

import pytest
import torch

from overpaint.errors import NumericsError, OptionError
from overpaint.methods import registry

from .conftest import damaged

GREY_LEVEL = 1 / 127.5


class CancelledError(Exception):
    """Raised in the middle of a method."""


def test_options_explain_themselves(case):
    assert case.method.title
    assert case.method.paper.replace(".", "").isdigit()
    for field in dataclasses.fields(case.method.options):
        assert field.metadata["help"], field.name
        numeric = field.type in (int, float, "int", "float", int | None, float | None)
        ranged = field.metadata["low"] is not None and field.metadata["high"] is not None
        assert ranged == numeric, field.name


def test_a_run_is_data(case):
    parsed = registry.parse_options(case.method, {})
    assert dataclasses.asdict(parsed) == dataclasses.asdict(case.method.options())
    for name, value in dataclasses.asdict(parsed).items():
        typed = {name: "auto" if value is None else str(value)}
        assert registry.parse_options(case.method, typed) == parsed


def test_unknown_options_are_hinted_at(case):
    with pytest.raises(OptionError, match="Did you mean 'num_inference_steps'"):
        registry.parse_options(case.method, {"num_inference_step": 3})


@pytest.mark.parametrize("value", [0, -1, 10**9, 2.5, "many", float("nan"), True])
def test_steps_out_of_range_are_errors(case, value):
    with pytest.raises(OptionError, match="num_inference_steps must be a whole number in"):
        registry.parse_options(case.method, {"num_inference_steps": value})


def test_one_picture_for_each_seed_in_range(case):
    images = case.run(3, 1, 2).images
    assert images.shape == (3, 3, 16, 16)
    assert images.dtype == torch.float32
    assert images.abs().max() <= 1


def test_the_same_seed_gives_the_same_bytes(case):
    assert torch.equal(case.run(7).images, case.run(7).images)


def test_global_randomness_plays_no_part(case):
    torch.manual_seed(1)
    first = case.run(7).images
    state = torch.get_rng_state()
    torch.manual_seed(2)
    assert torch.equal(case.run(7).images, first)
    torch.manual_seed(1)
    case.run(7)
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("count", [2, 3])
def test_a_batch_is_its_pictures_one_by_one(case, count):
    together = case.run(*range(count)).images
    alone = torch.cat([case.run(seed).images for seed in range(count)])
    assert (together - alone).abs().max() < GREY_LEVEL / 2


def test_the_order_of_seeds_is_the_order_of_pictures(case):
    there, back = case.run(0, 1, 2).images, case.run(2, 1, 0).images
    assert (there.flip(0) - back).abs().max() < GREY_LEVEL / 2


def test_nothing_changes_outside_the_mask(case):
    mask = torch.zeros(1, 1, 16, 16)
    mask[..., 4:11, 5:13] = 1
    task = case.task(mask)
    images = case.run(0, 1, task=task).images
    assert torch.equal(images * (1 - mask), (task.image * (1 - mask)).expand(2, -1, -1, -1))
    assert not torch.allclose(images * mask, task.image * mask, atol=0.05)


def test_strength_zero_is_the_picture_itself(case):
    if "strength" not in case.method.options.__dataclass_fields__:
        pytest.skip("this method has no strength")
    assert torch.equal(case.run(strength=0).images, case.task().image)


def test_the_edit_does_something(case):
    assert (case.run().images - case.task().image).abs().mean() > 0.05


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_bad_weights_are_an_error_and_never_a_black_picture(case, value):
    with pytest.raises(NumericsError):
        case.run(model=damaged(case.model, value))


def test_a_bad_picture_is_an_error(case):
    task = case.task()
    task.image[0, 0, 3, 3] = float("nan")
    with pytest.raises(NumericsError):
        case.run(task=task)


def test_whoever_watches_sees_every_step(case):
    seen = []

    def watch(items, total, label, /):
        seen.append([total, label, 0])
        for item in items:
            seen[-1][2] += 1
            yield item

    case.run(watch=watch)
    assert seen
    assert all(total == count and label for total, label, count in seen)


def test_a_cancelled_run_leaves_the_model_as_it_was(case):
    def watch(items, total, label, /):
        for number, item in enumerate(items):
            if number == 1:
                raise CancelledError
            yield item

    model = case.model
    before = {name: value.clone() for name, value in model.net.state_dict().items()}
    flags = [p.requires_grad for p in model.net.parameters()]
    kinds = [type(module) for module in model.net.modules()]
    with pytest.raises(CancelledError):
        case.run(model=model, watch=watch)
    after = model.net.state_dict()
    assert all(torch.equal(after[name], value) for name, value in before.items())
    assert [p.requires_grad for p in model.net.parameters()] == flags
    assert [type(module) for module in model.net.modules()] == kinds
    assert not model.net.training
    assert torch.is_grad_enabled()


def test_missing_inputs_are_named(case):
    for need in case.method.needs:
        empty = replace(case.task(), **{need: None if need == "mask" else ""})
        with pytest.raises(OptionError, match=need.replace("_", " ")):
            case.run(task=empty)
