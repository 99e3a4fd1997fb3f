"""The autoencoder and the text-to-image model: what they learn from, and what they leave."""

from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import StableDiffusionPipeline
from safetensors.torch import load_file
from torch.nn import functional as F

from overpaint.core.watch import unwatched
from overpaint.models import networks
from overpaint.models.autoencoders import Latents
from overpaint.models.clip import load_clip
from overpaint.models.folders import Folder
from overpaint.models.texts import tokens
from overpaint.models.zoo import embedded
from overpaint.portraits.labels import HIDDEN, LABELS
from overpaint.portraits.scene import STYLES
from overpaint.portraits.spoken import PLACES
from overpaint.recipes import cells, latent, vae
from overpaint.recipes.training import Training

from .worlds import one_thread, quick, rendered

CLIP = Folder.at(embedded("clip"))


@pytest.fixture(autouse=True)
def _small(monkeypatch):
    """Noise to learn from."""
    one_thread()
    for recipe in (vae, latent):
        monkeypatch.setattr(recipe, "rendered", rendered)
    monkeypatch.setattr(vae, "FEW", 4)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A folder with the autoencoder and the pipeline of two steps each."""
    folder = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as patch:
        for recipe in (vae, latent):
            patch.setattr(recipe, "rendered", rendered)
        patch.setattr(vae, "FEW", 4)
        for recipe, more in ((vae, {}), (latent, {"vae": str(folder / "vae")})):
            name = recipe.__name__.rsplit(".", 1)[1]
            recipe.run(folder / name, quick(recipe.Config, folder, **more), unwatched)
    return folder


def test_the_autoencoder_begins_with_the_mean_colour_of_each_cell():
    torch.manual_seed(0)
    net = networks.portrait_vae()
    smooth = F.interpolate(torch.rand(2, 3, 8, 8) * 2 - 1, scale_factor=16, mode="bilinear")
    codec = Latents(net, 8)
    with torch.no_grad():
        rebuilt = codec.decode(codec.encode(smooth))
    means = F.interpolate(F.avg_pool2d(smooth, 8), scale_factor=8)
    assert (rebuilt - smooth).abs().mean() < 1.1 * (means - smooth).abs().mean()


def test_crops_are_squares_of_the_pictures():
    data = rendered(Training(), "restyled", unwatched, size=128)
    batch = vae.crops(data, Training(batch_size=4, seed=2))
    found = ((batch(3)["images"] + 1) * 127.5).round().to(torch.uint8).permute(0, 2, 3, 1).numpy()
    assert found.shape == (4, 64, 64, 3)
    assert torch.equal(batch(3)["images"], batch(3)["images"])
    assert not torch.equal(batch(3)["images"], batch(4)["images"])
    rows = {row.tobytes() for picture in data.pictures for row in _windows(picture)}
    for picture in found:
        first = {picture[0].tobytes(), picture[0, ::-1].tobytes()}
        assert first & rows


def _windows(picture):
    return [picture[r, c : c + 64] for r in range(65) for c in range(65)]


def test_the_loss_of_a_perfect_autoencoder_is_that_of_its_latents():
    features = vae.seen_by(load_clip(embedded("clip")))
    loss = vae.rebuilding_loss(features)
    images = torch.rand(2, 3, 64, 64) * 2 - 1
    rng = torch.Generator().manual_seed(0)
    _, terms = loss(Perfect(images), {"images": images}, rng)
    assert terms["l1"] == terms["perceptual"] == 0
    assert terms["kl"] == pytest.approx(vae.KL * 2.0)
    _, terms = loss(Perfect(images.flip(0)), {"images": images}, rng)
    assert terms["l1"] > 0.3
    assert terms["perceptual"] > 0.001


class Perfect:
    """Knows one answer; each of its latents costs two nats."""

    mean, std, latent_dist = torch.zeros(2, 4, 8, 8), torch.ones(2, 4, 8, 8), None

    def __init__(self, answer):
        self.sample, self.latent_dist = answer, self

    def kl(self):
        return torch.full((2,), 2.0 * self.mean[0].numel())

    def encode(self, images):
        return self

    def decode(self, cells):
        return self


def test_the_autoencoder_is_scaled_to_unit_variance(made):
    codec, _ = latent.autoencoder(Folder.at(made / "vae"), torch.device("cpu"))
    few = rendered(Training(), "restyled", unwatched, size=128).pictures[:4]
    cells = codec.encode(vae.images(few))
    assert cells.shape == (4, 4, 16, 16)
    assert float(cells.std()) == pytest.approx(1, abs=0.02)


def test_the_folder_is_a_pipeline_that_diffusers_loads(made):
    pipeline = StableDiffusionPipeline.from_pretrained(made / "latent")
    pipeline.set_progress_bar_config(disable=True)
    found = pipeline("A person with RED hair", num_inference_steps=2, output_type="np").images
    assert found.shape == (1, 128, 128, 3)
    ids = pipeline.tokenizer(
        "A person with RED hair", padding="max_length", return_tensors="pt"
    ).input_ids
    words = latent.Tokenizer.from_file(str(CLIP.file("tokenizer.json")))
    assert torch.equal(ids, tokens(words, ["a person with red hair"], 32))
    assert pipeline.scheduler.config.prediction_type == "v_prediction"


def test_the_text_encoder_is_the_embedded_clips(made):
    pipeline = StableDiffusionPipeline.from_pretrained(made / "latent")
    clip = load_clip(embedded("clip"))
    ids = clip.tokenizer(["a cat in neon lights"], clip.context)
    pooled = pipeline.text_encoder(input_ids=ids).pooler_output
    own = clip.towers.text.text_projection(pooled)
    assert torch.allclose(F.normalize(own, dim=1), clip.text(["a cat in neon lights"]), atol=1e-3)


def test_latents_are_encoded_once(made, tmp_path, monkeypatch):
    codec, _ = latent.autoencoder(Folder.at(made / "vae"), torch.device("cpu"))
    data = rendered(Training(), "restyled", unwatched, size=128)
    found = cells.gathered(codec, "codec", data, tmp_path, unwatched)
    assert found.plain.shape == found.mirrored.shape == (8, 4, 16, 16)
    first = codec.encode(vae.images(data.pictures[:1]).flip(3)).detach()
    assert np.allclose(found.mirrored[0], first[0].numpy(), atol=1e-2)
    for name in ("_cells", "places"):
        monkeypatch.setattr(cells, name, None)
    again = cells.gathered(codec, "codec", data, tmp_path, unwatched)
    assert np.array_equal(again.mirrored, found.mirrored)
    assert np.array_equal(again.shown, found.shown)


def test_captions_name_every_style_but_photo_and_some_say_nothing():
    data = rendered(Training(), "restyled", unwatched)
    nothing = np.zeros((8, 4, 2, 2), np.float16)
    known = cells.Cells(nothing, nothing, data.labels, np.zeros((8, 9, 2, 2), np.uint8))
    words = latent.Tokenizer.from_file(str(CLIP.file("tokenizer.json")))
    batch = cells.told(known, words, 32, Training(batch_size=400))(0)
    texts = [words.decode(row) for row in batch["texts"].tolist()]
    empty = np.mean([not text.strip() for text in texts])
    assert 0.05 < empty < 0.15
    styles = {STYLES[int(row[LABELS.index("style")])] for row in data.labels}
    assert len(styles) > 1
    rng = np.random.default_rng(0)
    for row in data.labels:
        style = STYLES[int(row[LABELS.index("style")])]
        for text in (cells._caption(row, rng).text for _ in range(30)):
            assert style == "photo" or any(word in text for word in WORDS[style])


def test_captions_tell_from_one_claim_to_nearly_all_that_shows():
    data, rng = rendered(Training(), "restyled", unwatched), np.random.default_rng(0)
    for row in data.labels:
        shown = sum(int(value) != HIDDEN for value in row) - 2  # kind and style are told besides
        told = {len(cells._caption(row, rng).claims.keys() - {"kind", "style"}) for _ in range(200)}
        assert told == set(range(1, min(7, shown) + 1))


def test_places_are_mirrored_with_their_pictures():
    data, rng = rendered(Training(), "restyled", unwatched), np.random.default_rng(0)
    plain = rng.random((8, 4, 16, 16)).astype(np.float16)
    shown = rng.integers(0, 256, (8, len(PLACES), 16, 16), dtype=np.uint8)
    known = cells.Cells(plain, plain[..., ::-1], data.labels, shown)
    words = latent.Tokenizer.from_file(str(CLIP.file("tokenizer.json")))
    batch = cells.told(known, words, 32, Training(batch_size=40))(0)
    turned = set()
    for x0, places in zip(batch["latents"].numpy(), batch["shown"].numpy(), strict=True):
        same = [
            (i, side) for i in range(8) for side in (1, -1) if _equal(plain[i, ..., ::side], x0)
        ]
        ((index, side),) = same
        assert np.allclose(places * 255, shown[index, ..., ::side], atol=1e-3)
        turned.add(side)
    assert turned == {1, -1}


def _equal(kept, found):
    return np.array_equal(kept.astype(np.float32), found)


WORDS = {
    "photo": ("photo",),
    "pencil sketch": ("sketch", "drawing"),
    "bronze statue": ("bronze",),
    "neon": ("neon",),
    "pixel art": ("pixel art", "8-bit"),
    "zombie": ("zombie",),
    "clay": ("clay", "terracotta"),
    "watercolour": ("watercolour", "watercolor"),
}


def test_the_latent_recipe_says_what_it_was_made_of(made):
    card = Folder.at(made / "latent").card()
    assert card["size"] == 128
    assert card["vae"] == latent.autoencoder(Folder.at(made / "vae"), torch.device("cpu"))[1]
    files = sorted(Path(made / "latent").rglob("*.safetensors"))
    kinds = {t.dtype for f in files if "checkpoints" not in f.parts for t in load_file(f).values()}
    assert kinds == {torch.float16}
