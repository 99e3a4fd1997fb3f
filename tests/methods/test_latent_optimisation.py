"""Latent optimisation: the loss falls, the network stays, and a path fits memory."""

import math
from dataclasses import replace
from itertools import islice

import pytest
import torch

from overpaint.core.solvers import last, solve
from overpaint.errors import OptionError
from overpaint.methods import registry
from overpaint.methods.latent_optimisation import (
    Options,
    along_texts,
    descend,
    forgetful,
    objective,
    towards_text,
)
from overpaint.methods.registry import Run, Task
from overpaint.models.bundle import Calls
from overpaint.models.clip import load_clip
from overpaint.models.families.tiny import tiny
from overpaint.models.identity import load_identity

from ..folders import write_clip, write_identity
from .test_diffusionclip import gaussian, smooth

FEW = {"num_inversion_steps": 8, "num_inference_steps": 3, "iterations": 15, "lr": 0.05}
TASK = Task(smooth(1), "red hair", "a person")


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return load_clip(write_clip(tmp_path_factory.mktemp("clip")))


@pytest.fixture(scope="module")
def identity(tmp_path_factory):
    return load_identity(write_identity(tmp_path_factory.mktemp("identity")))


def made(parts, task=TASK, model=None, **options):
    method = registry.find("clip-latent")
    model = model or gaussian(smooth(0))
    settings = Options(**{**FEW, **options})
    return registry.perform(method, model, task, settings, Run(), parts).images


def kept_bytes(loss, x):
    """What a forward keeps for its backward, and the gradient."""
    kept = []

    def pack(tensor):
        kept.append(tensor.numel() * tensor.element_size())
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        total = loss(x)
    (gradient,) = torch.autograd.grad(total, x)
    return sum(kept), gradient


def test_a_forgetful_path_has_the_same_gradient_in_less_memory():
    model = tiny()
    levels = model.schedule.path([500, 300, 100, 0])
    x = smooth(2, model.codec.encode(smooth(0)).shape).requires_grad_()
    walked = lambda denoise: kept_bytes(lambda x: last(solve(denoise, x, levels)).sum(), x)  # noqa: E731
    (plain, gradient), (less, same) = walked(model), walked(forgetful(model))
    assert torch.equal(same, gradient)
    assert less < 0.1 * plain


def test_the_descent_goes_down_and_leaves_nothing_behind():
    model = tiny()
    for parameter in model.net.parameters():
        parameter.requires_grad_()
    level = model.schedule.at(300)
    loss = lambda x: model(x, level).x0.square().mean()  # noqa: E731
    start = model.codec.encode(smooth(1))
    with torch.no_grad():
        losses = [float(loss(x)) for x in [start, *islice(descend(start, loss, 0.02), 10)]]
        assert not torch.is_grad_enabled()
    assert losses == sorted(losses, reverse=True)
    assert all(parameter.grad is None for parameter in model.net.parameters())


def test_texts_are_compared_by_their_direction_where_there_are_two(clip):
    image = torch.rand(1, 3, 16, 16) * 2 - 1
    for task, loss in ((TASK, "directional"), (replace(TASK, source_prompt=""), "global")):
        auto, named = (objective(task, Options(loss=each), clip, None) for each in (None, loss))
        assert torch.equal(auto(image), named(image))


@pytest.mark.parametrize("loss", ["global", "directional"])
def test_the_clip_term_has_the_authors_form(clip, loss):
    cosine = towards_text(clip, TASK) if loss == "global" else along_texts(clip, TASK)
    image = smooth(3)
    gap = 1 - float(cosine(image))
    found = objective(TASK, Options(loss=loss, clip_weight=3.0), clip, None)(image)
    assert float(found) == pytest.approx(-3 * math.log((2 - gap) / 2), rel=1e-5)


def test_the_text_stands_behind_an_article(clip):
    alike = [
        towards_text(clip, replace(TASK, prompt=p))(smooth(3)) for p in ("cat", "a cat", "A cat")
    ]
    assert alike[0] == alike[1]
    assert alike[1] != alike[2]  # this CLIP tells capitals apart, so nothing was put before it


def test_each_term_weighs(clip, identity):
    image, task = smooth(3), TASK
    weights = {"clip_weight": 2.0, "l1_weight": 0.5, "identity_weight": 0.7}
    alone = [{**dict.fromkeys(weights, 0.0), name: value} for name, value in weights.items()]
    parts = [float(objective(task, Options(**one), clip, identity)(image)) for one in alone]
    assert all(part > 0 for part in parts)
    whole = float(objective(task, Options(**weights), clip, identity)(image))
    assert whole == pytest.approx(sum(parts), rel=1e-5)
    assert parts[1] == pytest.approx(0.5 * float((image - task.image).abs().mean()), rel=1e-5)


def test_the_picture_comes_nearer_to_the_text(clip):
    cosine = towards_text(clip, TASK)
    near = [float(cosine(made(parts={"clip": clip}, lr=lr))) for lr in (0.0, 0.02, 0.05)]
    assert near[0] < near[1] < near[2]


def test_l1_alone_mends_the_reconstruction(clip):
    def error(**more):
        return float(
            (made({"clip": clip}, **more, clip_weight=0, l1_weight=1) - TASK.image).abs().mean()
        )

    assert error(iterations=60) < 0.2 * error(lr=0.0)


def test_the_face_encoder_holds_the_face(clip, identity):
    parts = {"clip": clip, "identity": identity}
    likeness = [
        float(
            (
                identity.embed(made(parts=parts, identity_weight=w)) * identity.embed(TASK.image)
            ).sum()
        )
        for w in (0.0, 30.0)
    ]
    assert likeness[0] < likeness[1]


@pytest.mark.parametrize("weight", [0.0, 0.5])
def test_a_part_without_weight_is_not_loaded(weight):
    extra = registry.find("clip-latent").extra(Options(identity_weight=weight))
    assert extra == (("identity",) if weight else ())


def test_what_cannot_be_optimised_is_refused(clip):
    with pytest.raises(OptionError, match="needs a source prompt"):
        made({"clip": clip}, replace(TASK, source_prompt=""), loss="directional")
    with pytest.raises(OptionError, match="mean the same"):
        made({"clip": clip}, replace(TASK, source_prompt=TASK.prompt), loss="directional")
    with pytest.raises(OptionError, match="nothing to optimise"):
        made({"clip": clip}, clip_weight=0.0)


def test_calls_of_the_network_are_counted_there_and_back(clip):
    model = replace(tiny(), calls=Calls())
    made(parts={"clip": clip}, model=model, iterations=2)
    assert model.calls.count == 8 + 2 * (3 + 3) + 3
