"""Adapters: peft's format, exactly peft's numbers, and a base model that nothing touches."""

import copy
import json
from dataclasses import replace

import peft
import pytest
import torch
from safetensors.torch import load_file, save_file

from overpaint.errors import OptionError, UnsafeFileError
from overpaint.models.bundle import DiffusionModel
from overpaint.models.control import adapted, read_adapter
from overpaint.models.families.tiny import tiny
from overpaint.models.tuning import (
    convolutions,
    convolving,
    low_rank,
    truncated,
    whole,
    write_tuned,
)

from ..adapters import random_factors, write_random

X = torch.randn(2, 12, 8, 8, generator=torch.Generator().manual_seed(1))


def eps(model: DiffusionModel) -> torch.Tensor:
    with torch.no_grad():
        return model(X, model.schedule.at(400)).eps


@pytest.fixture
def folder(tmp_path, model):
    return write_random(model, tmp_path / "lora", t0=500, prompt="a sketch")


def by_peft(net):
    with torch.no_grad():
        return net.eval()(X, torch.full((2,), 400.0)).sample


def test_the_reader_agrees_with_peft(model, folder):
    ours = eps(adapted(model, read_adapter(folder)))
    theirs = peft.PeftModel.from_pretrained(copy.deepcopy(model.net), folder)
    assert torch.allclose(by_peft(theirs), ours, atol=1e-5)
    assert torch.allclose(by_peft(random_factors(model)), ours, atol=2e-3)  # written in fp16
    assert (ours - eps(model)).abs().mean() > 0.01


def test_adapters_that_others_made_are_read(model, tmp_path):
    config = peft.LoraConfig(
        r=3, lora_alpha=7, target_modules=convolutions(model.net), use_rslora=True
    )
    theirs = peft.get_peft_model(copy.deepcopy(model.net), config)
    for name, p in theirs.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(p, std=0.3, generator=torch.Generator().manual_seed(2))
    theirs.save_pretrained(tmp_path)
    assert torch.allclose(eps(adapted(model, read_adapter(tmp_path))), by_peft(theirs), atol=1e-5)


def test_what_is_written_holds_nothing_else(folder):
    names = {"adapter_config.json", "adapter_model.safetensors", "card.json"}
    assert {path.name for path in folder.iterdir()} == names
    tensors = load_file(folder / "adapter_model.safetensors")
    assert {tensor.dtype for tensor in tensors.values()} == {torch.float16}
    assert json.loads((folder / "card.json").read_text()) == {"t0": 500, "prompt": "a sketch"}


def test_the_base_model_stays_as_it_was(model, folder):
    before, state = eps(model), copy.deepcopy(model.net.state_dict())
    tuned = adapted(model, read_adapter(folder))
    eps(tuned)
    with pytest.raises(RuntimeError):
        tuned(X[:, :5], model.schedule.at(400))  # fails inside the network
    assert torch.equal(eps(model), before)
    assert all(torch.equal(v, state[k]) for k, v in model.net.state_dict().items())


def test_scale_zero_is_the_base_and_the_path_is_straight_in_the_weights(model, folder):
    adapter = read_adapter(folder)
    half, full = adapted(model, adapter, 0.5).weights, adapted(model, adapter).weights
    assert torch.equal(eps(adapted(model, adapter, 0.0)), eps(model))
    for name, weight in full.items():
        middle = (model.net.get_parameter(name) + weight) / 2
        assert torch.allclose(half[name], middle, atol=1e-6)


def test_a_whole_network_is_an_adapter_too(model, tmp_path):
    other = tiny(seed=5)
    write_tuned(whole(other), tmp_path, {"t0": 300})
    adapter = read_adapter(tmp_path)
    assert adapter.card["t0"] == 300
    assert torch.allclose(eps(adapted(model, adapter)), eps(other), atol=2e-3)  # written in fp16


def test_training_moves_a_copy_and_of_it_only_the_factors(model):
    net = low_rank(model, rank=2)
    assert torch.allclose(by_peft(net), eps(model), atol=1e-6)
    net(X, torch.full((2,), 400.0)).sample.square().mean().backward()
    assert all(p.grad is None for p in model.net.parameters())
    moved = {name for name, p in net.named_parameters() if p.grad is not None}
    assert moved
    assert all("lora_" in name for name in moved)


def moved_at_random(model, seed=0):
    """A copy whose convolutions have learnt something, and what they have learnt."""
    net, changes, rng = convolving(model), {}, torch.Generator().manual_seed(seed)
    for name, weight in net.named_parameters():
        if weight.requires_grad:
            changes[name] = torch.randn(weight.shape, generator=rng)
            weight.data += changes[name]
    return net, changes


def test_the_convolutions_learn_and_nothing_else(model):
    net = convolving(model)
    net(X, torch.full((2,), 400.0)).sample.square().mean().backward()
    moved = {name for name, p in net.named_parameters() if p.grad is not None}
    assert {"conv_in.weight", "conv_out.weight"} < moved
    assert all(".conv" in f".{name}" and name.endswith("weight") for name in moved)
    assert all(p.grad is None for p in model.net.parameters())


def test_at_full_rank_nothing_that_was_learnt_is_lost(model, tmp_path):
    net, changes = moved_at_random(model)
    factors, kept = truncated(model, net, rank=4096)
    write_tuned(factors, tmp_path, {})
    assert kept == pytest.approx(1)
    read = read_adapter(tmp_path).changes
    assert set(read) == set(changes)
    assert all(torch.allclose(read[name], changes[name], atol=0.02) for name in changes)  # fp16


def test_at_a_lower_rank_what_is_kept_is_the_nearest(model):
    """Eckart and Young: the square of what is lost is that of the singular values left out."""
    net, changes = moved_at_random(model)
    factors, kept = truncated(model, net, rank=2)
    squares = torch.zeros(2)
    for name, change in changes.items():
        layer = factors.base_model.model.get_submodule(name.removesuffix(".weight"))
        near = layer.get_delta_weight("default").detach()
        lost = float((near - change).square().sum())
        sizes = torch.linalg.svdvals(change.flatten(1)).square()
        assert lost == pytest.approx(float(sizes[2:].sum()), rel=1e-3)
        assert torch.linalg.matrix_rank(near.flatten(1)) == 2
        squares += torch.stack([sizes[:2].sum(), sizes.sum()])
    assert kept == pytest.approx(float(squares[0] / squares[1]), rel=1e-3)


def test_nothing_learnt_is_kept_whole(model):
    assert truncated(model, convolving(model), rank=2)[1] == 1


def test_networks_whose_pools_are_called_conv_can_be_tuned_too(model):
    from diffusers import UNet2DModel

    net = UNet2DModel(
        sample_size=8,
        block_out_channels=(8, 8),
        down_block_types=("ResnetDownsampleBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "ResnetUpsampleBlock2D"),
        norm_num_groups=4,
        layers_per_block=1,
    )
    names = convolutions(net)
    assert {"conv_in", "conv_out"} < set(names)
    assert convolving(replace(model, net=net))
    assert low_rank(replace(model, net=net), rank=1)


def rewrite(folder, **values):
    path = folder / "adapter_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


@pytest.mark.parametrize(
    "values",
    [
        {"r": 0},
        {"r": 7},
        {"r": 10**9},
        {"r": None},
        {"r": "two"},
    ],
)
def test_adapters_that_lie_are_refused(folder, values):
    rewrite(folder, **values)
    with pytest.raises(UnsafeFileError):
        read_adapter(folder)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("peft_type", "IA3", "IA3"),
        ("use_dora", True, "use_dora"),
        ("bias", "all", "bias"),
        ("rank_pattern", {"conv1": 4}, "rank_pattern"),
    ],
)
def test_adapters_of_other_kinds_are_unsuitable_not_unsafe(folder, name, value, said):
    rewrite(folder, **{name: value})
    with pytest.raises(OptionError, match=f"{said} is not supported"):
        read_adapter(folder)


def test_stray_tensors_are_refused(folder):
    path = folder / "adapter_model.safetensors"
    save_file({**load_file(path), "base_model.model.extra": torch.zeros(2)}, path)
    with pytest.raises(UnsafeFileError, match="extra"):
        read_adapter(folder)


def test_an_adapter_of_another_network_is_an_error(model, tmp_path):
    other = replace(model, net=torch.nn.ModuleDict({"a": Other()}))
    with pytest.raises(OptionError, match="does not fit"):
        adapted(model, read_adapter(write_random(other, tmp_path)))


class Other(torch.nn.Module):
    """A network with one layer of a name that adapters act on."""

    def __init__(self):
        super().__init__()
        block = torch.nn.Module()
        block.conv1 = torch.nn.Conv2d(2, 2, 1)
        self.resnets = torch.nn.ModuleList([block])
