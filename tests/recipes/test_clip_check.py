"""The CLIP that ranks: the texts of the guide, an eye of its own that learns, and a card."""

from dataclasses import replace

import pytest
import torch
from transformers import ResNetForImageClassification

from overpaint.core.watch import unwatched
from overpaint.errors import ModelNotFoundError, OptionError
from overpaint.models import networks
from overpaint.models.clip import load_clip
from overpaint.models.folders import Folder, fingerprint
from overpaint.recipes import clip, clip_check
from overpaint.recipes.captioned import captioned, train_tokenizer
from overpaint.recipes.training import images

from ..folders import write_clip
from .worlds import one_thread, pairs_of_edits, quick, rendered, small_resnet

TOKENIZER = train_tokenizer(sentences=300)
IMAGES = images(pairs_of_edits(2).pictures)
TEXTS = ["a red hat", "a cat in neon lights"]


def small_tower(width=128):
    return ResNetForImageClassification(small_resnet(num_labels=width))


@pytest.fixture(autouse=True)
def _small(monkeypatch):
    """Noise to learn from, and small networks."""
    one_thread()
    for recipe in (clip, clip_check):
        monkeypatch.setattr(recipe, "rendered", rendered)
    monkeypatch.setattr(clip, "train_tokenizer", lambda seed: TOKENIZER)
    monkeypatch.setattr(networks, "_residual", small_resnet)
    monkeypatch.setattr(clip_check, "ranking_tower", small_tower)


@pytest.fixture(scope="module")
def guide(tmp_path_factory):
    """The folder of a CLIP with a text tower of its own."""
    folder = tmp_path_factory.mktemp("guide")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clip, "rendered", rendered)
        patch.setattr(clip, "train_tokenizer", lambda seed: TOKENIZER)
        patch.setattr(networks, "_residual", small_resnet)
        clip.run(folder, quick(clip.Config, folder), unwatched)
    return folder


def trained(folder, guide, **options):
    config = quick(clip_check.Config, folder, text=str(guide), **options)
    return clip_check.run(folder, config, unwatched)


def test_it_reads_texts_as_the_guide_does_and_sees_otherwise(tmp_path, guide):
    card = trained(tmp_path, guide)
    one, other = load_clip(guide), load_clip(tmp_path)
    assert torch.equal(one.text(TEXTS), other.text(TEXTS))
    with torch.no_grad():
        apart = (one.image(IMAGES) * other.image(IMAGES)).sum(1)
    assert apart.abs().max() < 0.9
    assert one.hash != other.hash
    assert (card["recipe"], card["seed"], card["steps"]) == ("clip-check", 11, 2)
    assert card["text"] == fingerprint(guide / "text/model.safetensors")


def learnt(net):
    return {name.split(".")[0] for name, p in net.named_parameters() if p.requires_grad}


def test_the_texts_are_frozen_unless_told_and_the_eye_begins_anew(guide):
    net = clip_check.untrained(Folder.at(guide), 1)
    free = clip_check.untrained(Folder.at(guide), 1, frozen=False)
    assert [learnt(each) for each in (net, free)] == [{"vision"}, {"vision", "text"}]
    again, other = (clip_check.untrained(Folder.at(guide), seed) for seed in (1, 2))
    first, same, different = (next(n.vision.parameters()) for n in (net, again, other))
    assert torch.equal(first, same)
    assert not torch.equal(first, different)


def test_it_comes_to_agree_with_the_texts(guide):
    net = clip_check.untrained(Folder.at(guide), 0).train()
    config = quick(clip_check.Config, guide, batch_size=8)
    batch = captioned(pairs_of_edits(8), TOKENIZER, config, marring=0.0)(0)
    steps = torch.optim.AdamW([p for p in net.parameters() if p.requires_grad], lr=1e-2)
    losses = []
    for _ in range(6):
        loss, _ = clip.calm_loss(net, batch, torch.Generator().manual_seed(0))
        steps.zero_grad()
        loss.backward()
        steps.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.9 * losses[0]


def test_texts_learn_on_where_they_are_not_frozen(tmp_path, guide):
    card = trained(tmp_path / "first", guide)
    more = {"start": str(tmp_path / "first"), "frozen": False, "lr": 1e-2}
    other = trained(tmp_path / "second", guide, **more)
    assert (card["frozen"], other["frozen"]) == (True, False)
    one, two = (load_clip(tmp_path / name).text(TEXTS) for name in ("first", "second"))
    assert 1e-4 < (one - two).abs().max() < 1


def test_a_paused_run_goes_on_to_the_same_weights(tmp_path, guide):
    one, other = tmp_path / "one", tmp_path / "other"
    paused = trained(one, guide, max_seconds=1e-9, steps=3)
    assert paused == {"recipe": "clip-check", "finished": False}
    assert not (one / "card.json").exists()
    trained(one, guide, steps=3)
    trained(other, guide, steps=3)
    weights = [(at / "vision/model.safetensors").read_bytes() for at in (one, other)]
    assert weights[0] == weights[1]


def test_a_run_does_not_go_on_with_the_texts_of_another_clip(tmp_path, guide, monkeypatch):
    trained(tmp_path, guide, max_seconds=1e-9, steps=3)
    monkeypatch.setattr(clip_check, "fingerprint", lambda path: "another")
    with pytest.raises(OptionError, match="other settings"):
        trained(tmp_path, guide, steps=3)


def test_the_embedded_guide_is_the_default(monkeypatch, tmp_path, guide):
    asked = []
    monkeypatch.setattr(clip_check, "embedded", lambda name: asked.append(name) or guide)
    config = quick(clip_check.Config, tmp_path)
    clip_check.run(tmp_path, replace(config, max_seconds=1e-9), unwatched)
    assert asked == ["clip"]


def test_pairs_are_even(tmp_path, guide):
    with pytest.raises(OptionError, match="even"):
        trained(tmp_path, guide, batch_size=3)


def test_a_clip_without_a_text_tower_of_its_own_is_refused(tmp_path):
    with pytest.raises(ModelNotFoundError, match="missing"):
        trained(tmp_path / "new", write_clip(tmp_path / "paired"))


def test_the_tower_is_narrower_and_deeper_than_the_one_that_guides(monkeypatch):
    monkeypatch.undo()
    with torch.device("meta"):
        mine = networks.ranking_tower().config
        guides = networks.clip_towers(600, 32, 1).vision.config
    assert max(mine.hidden_sizes) < max(guides.hidden_sizes)
    assert sum(mine.depths) > sum(guides.depths)
