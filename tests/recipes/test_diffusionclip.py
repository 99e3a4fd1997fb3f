"""Tuning to a text: a falling loss, an adapter that others read too."""

import copy
import json
from dataclasses import replace

import peft
import pytest
import torch
from safetensors.torch import load_file

from overpaint.errors import OptionError
from overpaint.models.bundle import Calls
from overpaint.models.clip import load_clip
from overpaint.models.control import adapted, read_adapter
from overpaint.models.families.tiny import tiny
from overpaint.models.identity import load_identity
from overpaint.recipes import guides, objective
from overpaint.recipes.diffusionclip import tune

from ..folders import write_clip, write_identity
from .worlds import one_thread

MODEL = tiny()
QUICK = {"iterations": 12, "batch_size": 2, "pictures": 4, "num_inversion_steps": 3}
QUICK |= {"num_inference_steps": 2, "rank": 2, "views": 2, "lr": 0.003, "reach": 0.0}
WATCHED = {"direction", "likeness"}
X = torch.randn(2, 12, 8, 8, generator=torch.Generator().manual_seed(1))


@pytest.fixture(scope="module")
def judges(tmp_path_factory):
    """A tiny random CLIP and face encoder."""
    one_thread()
    folder = tmp_path_factory.mktemp("judges")
    return load_clip(write_clip(folder / "clip")), load_identity(write_identity(folder / "face"))


@pytest.fixture(autouse=True)
def _tiny(judges, tmp_path, monkeypatch):
    """The recipe with the tiny judges and a cache of its own."""
    clip, face = judges
    monkeypatch.setattr(guides, "load_clip", lambda *asked: clip)
    monkeypatch.setattr(objective, "load_identity", lambda *asked: face)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def tuned(folder, model=MODEL, **options):
    """The folder of an adapter for some text, and the loss of each step."""
    losses = []

    def watch(items, total, label):
        for item in items:
            if label == "tuning":
                losses.append(item.loss)
            yield item

    tune(model, "red", "a face", folder=folder, watch=watch, **{**QUICK, **options})
    return folder, losses


def eps(model):
    with torch.no_grad():
        return model(X, model.schedule.at(400)).eps


def test_texts_that_mean_the_same_are_refused(tmp_path):
    with pytest.raises(OptionError, match="mean the same"):
        tune(MODEL, "a person", folder=tmp_path / "out", **QUICK)
    assert not (tmp_path / "out").exists()


def test_tuning_lowers_the_loss(tmp_path):
    _, losses = tuned(tmp_path / "red", iterations=24)
    assert len(losses) == 24
    assert sum(losses[-4:]) < 0.9 * sum(losses[:4])


def test_peft_and_our_reader_load_the_same_adapter(tmp_path):
    folder, _ = tuned(tmp_path / "red")
    ours = eps(adapted(MODEL, read_adapter(folder)))
    theirs = peft.PeftModel.from_pretrained(copy.deepcopy(MODEL.net), folder).eval()
    with torch.no_grad():
        assert torch.allclose(theirs(X, torch.full((2,), 400.0)).sample, ours, atol=1e-4)
    assert (ours - eps(MODEL)).abs().mean() > 1e-3


def test_the_card_says_how_the_adapter_came_about(judges, tmp_path):
    folder, _ = tuned(tmp_path / "red", t0=300)
    card = json.loads((folder / "card.json").read_text())
    assert (card["prompt"], card["source_prompt"]) == ("red", "a face")
    assert (card["base"], card["base_name"]) == (MODEL.hash, "tiny")
    assert {name: card[name] for name in QUICK} == QUICK
    clip, face = judges
    assert (card["clip"], card["identity"]) == (clip.hash, face.hash)
    assert card["t0"] == 300
    assert set(card["losses"]) == {"clip", "l1", "edges", "smooth"}
    assert card.keys() >= WATCHED
    assert card["seconds"] > 0


def test_the_whole_network_can_be_tuned(tmp_path):
    folder, losses = tuned(tmp_path / "red", learn="all", lr=2e-3)
    assert set(load_file(folder / "model.safetensors")) == set(dict(MODEL.net.named_parameters()))
    adapter = read_adapter(folder)
    assert adapter.whole
    assert not adapter.changes
    assert (eps(adapted(MODEL, adapter)) - eps(MODEL)).abs().mean() > 1e-3
    assert sum(losses[-4:]) < sum(losses[:4])


def test_factors_can_learn_from_the_start(tmp_path):
    folder, losses = tuned(tmp_path / "red", learn="factors", lr=0.01, iterations=16)
    assert read_adapter(folder).changes
    assert sum(losses[-4:]) < 0.9 * sum(losses[:4])


def test_tuning_leaves_the_model_alone_and_repeats_itself(tmp_path):
    before = copy.deepcopy(MODEL.net.state_dict())
    folders = [tuned(tmp_path / name)[0] for name in ("one", "two")]
    weights = [(folder / "adapter_model.safetensors").read_bytes() for folder in folders]
    assert all(torch.equal(value, before[name]) for name, value in MODEL.net.state_dict().items())
    assert weights[0] == weights[1]


def test_the_second_text_finds_its_pictures_inverted(tmp_path):
    model = replace(MODEL, calls=Calls())
    counts = []
    for name in ("one", "two"):
        before = model.calls.count
        tuned(tmp_path / name, model, iterations=1)
        counts.append(model.calls.count - before)
    assert counts[0] - counts[1] == QUICK["num_inversion_steps"]


@pytest.mark.parametrize(
    "options", [{"t0": 0}, {"iterations": 0}, {"learning": 1}, {"lr": "much"}, {"rank": 1.5}]
)
def test_options_out_of_range_are_refused(tmp_path, options):
    with pytest.raises(OptionError):
        tuned(tmp_path / "red", **options)
