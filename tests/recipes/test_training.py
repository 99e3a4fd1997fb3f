"""Every recipe leaves a model that its loader reads, with a card; a paused one goes on."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from overpaint.core.watch import unwatched
from overpaint.errors import OptionError
from overpaint.methods.options import parse_fields
from overpaint.models import networks
from overpaint.models.clip import load_clip
from overpaint.models.identity import load_identity
from overpaint.models.judge import load_judge
from overpaint.models.zoo import load
from overpaint.portraits.scene import VALUES
from overpaint.recipes import adapters, clip, identity, judge, pixel, registry
from overpaint.recipes.training import Training, images, picked, training

from .worlds import one_thread, pairs_of_edits, portraits, quick, rendered, small_resnet, small_unet

IMAGES = torch.zeros(1, 3, 64, 64)


@pytest.fixture(autouse=True)
def _small(monkeypatch):
    """Noise to learn from, and small networks."""
    one_thread()
    for recipe in (pixel, clip, judge, identity):
        monkeypatch.setattr(recipe, "rendered", rendered)
    monkeypatch.setattr(pixel, "pixel_unet", small_unet)
    monkeypatch.setattr(networks, "_residual", small_resnet)
    monkeypatch.setattr(clip, "train_tokenizer", lambda seed: TOKENIZER)


TOKENIZER = clip.train_tokenizer(sentences=300)


def trained(recipe, folder, **options):
    return recipe.run(folder, quick(recipe.Config, folder, **options), unwatched)


def test_the_pixel_recipe_leaves_a_model_that_knows_what_is_familiar(tmp_path):
    card = trained(pixel, tmp_path)
    model = load(tmp_path, "cpu")
    assert model.size == 64
    assert model(model.codec.encode(IMAGES), model.schedule.at(500)).eps.shape == (1, 48, 16, 16)
    assert model.card["strangeness_limit"] == card["strangeness_limit"] > 0
    assert model.card["domain"] == "photo"


def test_the_clip_recipe_leaves_a_clip(tmp_path):
    trained(clip, tmp_path)
    found = load_clip(tmp_path)
    with torch.no_grad():
        seen, told = found.image(IMAGES), found.text(["a red hat", "a cat in neon lights"])
    assert seen.shape == (1, 128)
    assert torch.allclose(told.norm(dim=1), torch.ones(2), atol=1e-5)


def test_the_judge_recipe_leaves_a_judge_of_all_values(tmp_path):
    trained(judge, tmp_path)
    assert load_judge(tmp_path).values == VALUES


def test_the_identity_recipe_leaves_a_face_encoder(tmp_path):
    trained(identity, tmp_path)
    assert load_identity(tmp_path).embed(IMAGES).shape == (1, 128)


@pytest.mark.parametrize("recipe", [pixel, judge], ids=lambda recipe: recipe.__name__)
def test_cards_tell_how_a_model_was_made(recipe, tmp_path):
    card = trained(recipe, tmp_path, seed=3)
    told = json.loads((tmp_path / "card.json").read_text())
    assert told == json.loads(json.dumps(card))
    assert (told["steps"], told["batch_size"], told["seed"]) == (2, 2, 3)
    assert {"data", "lr", "seconds", "hardware", "licence", "loss"} <= set(told)


def test_a_paused_run_leaves_no_model_and_goes_on_to_the_same_one(tmp_path):
    one, other = tmp_path / "one", tmp_path / "other"
    paused = trained(judge, one, max_seconds=1e-9, steps=3)
    assert paused == {"recipe": "judge", "finished": False}
    assert not (one / "card.json").exists()
    trained(judge, one, steps=3)
    trained(judge, other, steps=3)
    weights = [(folder / "model.safetensors").read_bytes() for folder in (one, other)]
    assert weights[0] == weights[1]


def test_a_run_may_start_from_weights(tmp_path):
    trained(judge, tmp_path / "first")
    start = tmp_path / "first" / "model.safetensors"
    card = trained(judge, tmp_path / "second", start=str(start), lr=0.0)
    assert card["start"] == load_judge(tmp_path / "first").hash
    one, other = (load_judge(tmp_path / name).net for name in ("first", "second"))
    for before, after in zip(one.parameters(), other.parameters(), strict=True):
        assert torch.allclose(before, after, atol=1e-3)


def test_a_clip_may_start_from_the_towers_in_a_folder(tmp_path):
    first = trained(clip, tmp_path / "first", steps=3)
    card = trained(clip, tmp_path / "second", start=str(tmp_path / "first"), lr=0.0)
    assert card["start"].count("-") == 1  # a hash for each tower
    assert card["logit_scale"] == first["logit_scale"]
    one, other = (load_clip(tmp_path / name) for name in ("first", "second"))
    assert torch.allclose(one.text(["a cat"]), other.text(["a cat"]), atol=1e-3)
    assert torch.allclose(one.image(IMAGES), other.image(IMAGES), atol=0.05)


def test_a_start_without_weights_of_the_network_is_refused(tmp_path):
    trained(judge, tmp_path / "paused", max_seconds=1e-9)
    trained(clip, tmp_path / "clip")
    for folder in ("paused", "clip", "nowhere"):
        with pytest.raises(OptionError, match="no weights to start from"):
            trained(judge, tmp_path / "new", start=str(tmp_path / folder))


def test_a_clip_learns_from_the_edits_of_rivals_and_says_so(tmp_path, monkeypatch):
    found = [SimpleNamespace(hash="abc"), SimpleNamespace(hash="def")]
    asked = []

    def failed_edits(rivals, photos, device, watch):
        asked.append((rivals, len(photos), device))
        return pairs_of_edits(8)

    monkeypatch.setattr(clip, "read_rivals", lambda folder: found)
    monkeypatch.setattr(clip, "failed_edits", failed_edits)
    card = trained(clip, tmp_path / "one", batch_size=16, rivals="somewhere", max_seconds=1e-9)
    assert not card["finished"]
    assert asked == [(found, 8, "cpu")]
    with pytest.raises(OptionError, match="other settings"):
        trained(clip, tmp_path / "one", batch_size=16)
    card = trained(clip, tmp_path / "one", batch_size=16, rivals="somewhere")
    assert card["rivals"] == ["abc", "def"]


def test_pairs_are_even(tmp_path):
    with pytest.raises(OptionError, match="even"):
        trained(clip, tmp_path, batch_size=3)


def test_batches_depend_on_the_step_alone_and_are_half_mirrored():
    data, config = portraits(4), Training(batch_size=200, seed=1)
    batch = picked(data, config)(5)
    again = picked(data, config)(5)
    assert all(torch.equal(value, again[name]) for name, value in batch.items())
    assert not torch.equal(batch["images"], picked(data, config)(6)["images"])
    source = images(data.pictures)

    def places(pictures):
        same = (batch["images"][:, None] == pictures[None]).flatten(2).all(2)
        return same.any(1), same.int().argmax(1)

    (plain, place), (mirrored, other) = places(source), places(source.flip(3))
    assert (plain ^ mirrored).all()
    assert 0.3 < plain.float().mean() < 0.7
    index = torch.where(plain, place, other)
    assert len(index.unique()) == 4
    assert np.array_equal(batch["labels"], data.labels[index])


def test_images_span_minus_one_to_one():
    found = images(np.array([[[[0, 51, 255]]]], dtype=np.uint8))
    assert torch.allclose(found[0, :, 0, 0], torch.tensor([-1.0, -0.6, 1.0]))


def test_a_recipe_has_its_own_defaults_and_all_options():
    config = training(steps=7)()
    assert (config.steps, config.lr) == (7, Training().lr)
    assert parse_fields(training(steps=7), {"lr": "1e-3"}, "It").lr == 1e-3
    with pytest.raises(OptionError, match="steps must be a whole number in"):
        parse_fields(training(steps=7), {"steps": 0}, "It")


def test_recipes_are_found_by_name_and_take_options_as_text(tmp_path, monkeypatch):
    with pytest.raises(OptionError, match="Did you mean 'judge'"):
        registry.find("juge")
    asked = []
    monkeypatch.setattr(judge, "run", lambda folder, config, watch: asked.append(config) or {})
    registry.train(registry.find("judge"), tmp_path, {"steps": "12"}, unwatched)
    assert asked[0].steps == 12
    for recipe in registry.RECIPES.values():
        with pytest.raises(OptionError, match=f"The recipe {recipe.name} has no option"):
            registry.train(recipe, tmp_path, {"colour": "red"}, unwatched)


def test_only_known_adapters_are_made(tmp_path):
    with pytest.raises(OptionError, match="Did you mean 'sketch'"):
        adapters.run(tmp_path, adapters.Config(only="sketsch", model="tiny"), unwatched)
