"""Networks of classes: which one is drawn, and what is done where none is given."""

import json

import pytest
import torch
from diffusers import UNet2DModel

from overpaint.errors import OptionError
from overpaint.models.classes import Classes
from overpaint.models.families.tiny import CONFIG
from overpaint.models.zoo import load

from .. import golden


def loaded(folder, tensors):
    torch.save(tensors, folder / "it.pt")
    return load(folder / "it.pt", "cpu", "float32", size=64, head_channels=64)


def test_without_a_class_the_embedding_is_left_out(tmp_path):
    facts = golden.facts("guided_unet_class")
    tensors = golden.filled(facts["state"], facts["gain"], 1)
    model = loaded(tmp_path, tensors)
    table = tensors.pop("label_emb.weight")
    plain = loaded(tmp_path, tensors)
    assert (model.classes.count, model.classes.null, plain.classes) == (8, 7, None)
    x, level = torch.randn(1, 3, 32, 32), model.schedule.at(301)
    with torch.no_grad():
        said = model(x, level).eps
        assert torch.equal(said, plain(x, level).eps)
        assert torch.equal(said, model(x, level, torch.tensor([7])).eps)
        assert not torch.equal(said, model(x, level, torch.tensor([0])).eps)
    assert torch.equal(model.net.class_embedding.weight[:7], table)


@pytest.mark.parametrize(
    "cond",
    [
        torch.tensor([0]),
        torch.tensor([0, 8]),
        torch.tensor([-1, 0]),
        torch.tensor([0.0, 1.0]),
        torch.tensor([[0], [1]]),
    ],
)
def test_classes_that_are_none_are_refused(cond):
    with pytest.raises(OptionError, match=r"cond must be class indices \(B,\) in \[0, 7\]"):
        Classes(8).labels(cond, torch.zeros(2, 3, 8, 8))


@pytest.fixture
def classes(tmp_path):
    """A pipeline folder of a network of five classes."""
    config = {**CONFIG, "num_class_embeds": 5}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        net = UNet2DModel(**config)
    net.save_pretrained(tmp_path / "classes/unet")
    return tmp_path / "classes", net


def test_networks_of_classes_are_told_which(classes):
    folder, net = classes
    loaded, x = load(folder, dtype="float32"), torch.randn(2, 12, 8, 8)
    cond, level = torch.tensor([1, 4]), loaded.schedule.at(500)
    with torch.no_grad():
        expected = net(x, torch.tensor([500, 500]), cond).sample
    assert torch.allclose(loaded(x, level, cond).eps, expected, atol=1e-5)
    with pytest.raises(OptionError, match="draws nothing without a class") as caught:
        loaded(x, level)
    assert "[0, 4]" in str(caught.value)


def test_a_network_of_classes_may_have_one_that_says_nothing(classes):
    folder, _ = classes
    path = folder / "unet/config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"null_class": 4}))
    loaded, x = load(folder, dtype="float32"), torch.randn(2, 12, 8, 8)
    level = loaded.schedule.at(500)
    assert torch.equal(loaded(x, level).eps, loaded(x, level, torch.tensor([4, 4])).eps)


def test_a_network_without_classes_takes_none(pipeline):
    loaded = load(pipeline)
    with pytest.raises(OptionError, match="has no classes"):
        loaded(torch.zeros(1, 12, 8, 8), loaded.schedule.at(5), torch.tensor([0]))
