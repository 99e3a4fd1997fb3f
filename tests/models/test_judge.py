"""The judge: probabilities of each attribute, read from a classifier's folder."""

import torch
from torch.nn import functional as F
from transformers import ResNetForImageClassification

from overpaint.models.judge import load_judge

from ..folders import write_judge

NAMES = ["hair=red", "hair=blue", "hair=black", "style=photo", "style=pencil sketch"]
IMAGES = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(0)) * 2 - 1


def test_each_attribute_is_a_distribution_over_its_own_outputs(tmp_path):
    folder = write_judge(tmp_path / "judge", NAMES)
    judge = load_judge(folder)
    assert judge.values == {"hair": ("red", "blue", "black"), "style": ("photo", "pencil sketch")}
    reading = judge.read(IMAGES)
    with torch.no_grad():
        logits = ResNetForImageClassification.from_pretrained(folder).eval()(IMAGES).logits
    assert torch.allclose(reading["hair"], logits[:, :3].softmax(1), atol=1e-5)
    assert torch.allclose(reading["style"], logits[:, 3:].softmax(1), atol=1e-5)


def test_pictures_of_other_sizes_are_brought_to_its_own(tmp_path):
    judge = load_judge(write_judge(tmp_path / "judge", NAMES))
    smooth = F.interpolate(IMAGES[..., :8, :8], size=(64, 64), mode="bicubic")
    large = F.interpolate(smooth, size=(128, 128), mode="bicubic")
    for name, found in judge.read(large).items():
        assert torch.allclose(found, judge.read(smooth)[name], atol=0.02)
