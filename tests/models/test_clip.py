"""CLIP and the face encoder: unit vectors, differentiable in the picture."""

import pytest
import torch
from transformers import CLIPModel

from overpaint.errors import ModelNotFoundError
from overpaint.models.clip import load_clip
from overpaint.models.identity import load_identity
from overpaint.models.preprocess import prepare

IMAGES = torch.rand(2, 3, 24, 32, generator=torch.Generator().manual_seed(0)) * 2 - 1


def test_embeddings_have_unit_length_and_agree_with_transformers(clip_folder):
    clip, theirs = load_clip(clip_folder), CLIPModel.from_pretrained(clip_folder)
    texts = ["a cat", "a dog with a hat that is far too long for it"]
    ids = clip.tokenizer(texts, clip.context)
    assert ids.shape == (2, 12)
    assert ids[0].tolist() == [0, *ids[0, 1:6].tolist(), *[1] * 6]
    assert ids[1, -1] == 1
    with torch.no_grad():
        features = theirs.get_text_features(input_ids=ids).pooler_output
        ours = clip.text(texts)
    assert torch.allclose(ours, torch.nn.functional.normalize(features, dim=-1), atol=1e-6)
    assert torch.allclose(clip.image(IMAGES).norm(dim=1), torch.ones(2))


def test_gradients_reach_the_picture(clip_folder, identity_folder):
    for embed in (load_clip(clip_folder).image, load_identity(identity_folder).embed):
        images = IMAGES.clone().requires_grad_()
        embed(images)[:, 0].sum().backward()
        assert images.grad.abs().sum() > 0


def test_pictures_of_the_right_size_are_not_resampled():
    square = IMAGES[..., :24]
    assert torch.equal(prepare(square, 24, antialias=True), (square + 1) / 2)


def test_antialias_is_a_choice_and_the_crop_is_central():
    with_it, without = (prepare(IMAGES, 12, antialias=a) for a in (True, False))
    assert with_it.shape == (2, 3, 12, 12)
    assert not torch.allclose(with_it, without, atol=1e-2)
    assert torch.equal(prepare(IMAGES, 24, antialias=True), (IMAGES[..., 4:28] + 1) / 2)


@pytest.mark.parametrize("antialias", [True, False])
def test_only_with_antialias_does_every_pixel_count(antialias):
    """Without it a picture four times too large is seen at four rows out of every four times four.

    That was so where CLIP guided first; torchvision has since made the other its default.
    """
    images = torch.zeros(1, 3, 96, 96, requires_grad=True)
    prepare(images, 6, antialias).sum().backward()
    seen = images.grad[0, 0] != 0
    assert bool(seen.all()) == antialias
    if not antialias:
        assert int(seen.any(1).sum()) == 6 * 4  # the four neighbours of a cubic


def test_the_face_encoder_tells_lengths_and_sizes(identity_folder):
    encoder = load_identity(identity_folder)
    assert encoder.size == 32
    assert torch.allclose(encoder.embed(IMAGES).norm(dim=1), torch.ones(2))


def test_a_batch_is_embedded_as_its_pictures_are(identity_folder):
    encoder = load_identity(identity_folder)
    assert torch.allclose(encoder.embed(IMAGES)[:1], encoder.embed(IMAGES[:1]), atol=1e-6)


def test_another_kind_of_model_is_refused(clip_folder):
    text = (clip_folder / "config.json").read_text()
    (clip_folder / "config.json").write_text(text.replace('"clip"', '"siglip"'))
    with pytest.raises(ModelNotFoundError, match="siglip is not supported"):
        load_clip(clip_folder)
