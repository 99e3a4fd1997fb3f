"""OpenAI's CLIP and its tokenizer against their own numbers, through the loader users call."""

import sys

import pytest
import torch

from overpaint.models.clip import load_clip
from overpaint.models.texts import END, of_openai

from .. import golden
from ..archives import scripted

TOLERANCES = {0: 3e-4, 1: 2e-5}
NAMES = ("clip_vit", "clip_vit_b")


def as_archive(tensors, folder):
    return scripted(tensors, folder / "ViT.pt")


def as_pickle(tensors, folder):
    torch.save(tensors, folder / "ViT.pth")
    return folder / "ViT.pth"


@pytest.mark.parametrize("save", [as_archive, as_pickle])
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("q", [0, 1])
def test_features_and_logits(tmp_path, texts, name, save, q):
    told, numbers = golden.facts(name), golden.arrays(name)
    clip = load_clip(save(golden.filled(told["state"], told["gain"], q), tmp_path))
    ids = clip.tokenizer(told["prompts"], clip.context)
    assert torch.equal(ids, numbers["ids"].long())
    with torch.no_grad():
        image, text = clip.towers.see(numbers["image"]), clip.towers.tell(ids)
        one, other = (x / x.norm(dim=1, keepdim=True) for x in (image, text))
        logits = clip.towers.net.logit_scale.exp() * one @ other.T
        assert torch.allclose(clip.text(told["prompts"]), other, atol=1e-6)
    found = {"image_features": image, "text_features": text, "logits_per_image": logits}
    assert {f"{key}.q{q}" for key in found} == {key for key in numbers if key.endswith(f"q{q}")}
    for key, value in found.items():
        expected = numbers[f"{key}.q{q}"]
        torch.testing.assert_close(value, expected, rtol=0, atol=TOLERANCES[q])


@pytest.fixture(scope="module")
def texts():
    if sys.version_info >= (3, 13):
        pytest.importorskip("instant_clip_tokenizer")  # has no wheel there
    return of_openai()


def prompts():
    return golden.facts("clip_tokens")["prompts"]


@pytest.mark.parametrize("entry", prompts(), ids=lambda entry: entry["text"][:20])
def test_token_ids(entry, texts):
    ids, row = entry["ids"], entry["tokenize_truncate"]
    assert texts([entry["text"]], 77)[0].tolist() == row
    assert entry["tokenize"] in (row, None)  # there the reference refuses what is too long
    for text in (entry["text"], entry["decoded"]):
        assert texts([text], len(ids) + 2)[0].tolist() == [row[0], *ids, END]
