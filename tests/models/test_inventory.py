"""Every embedded model and adapter is looked at, and what is damaged is named."""

import json

import pytest

from overpaint.models import zoo
from overpaint.models.inventory import problems

from ..adapters import write_random
from ..folders import write_clip, write_identity, write_judge


@pytest.fixture
def weights(pipeline, model, monkeypatch):
    """A whole set of embedded models, tiny."""
    root = pipeline.parent
    write_clip(root / "clip")
    write_clip(root / "clip-check", seed=1)
    write_identity(root / "identity")
    write_judge(root / "judge", ["hair=red", "hair=blue"])
    monkeypatch.setattr(zoo, "WEIGHTS", root)
    write_random(model, root / "adapters/sketch", base=zoo.load("pipeline").hash)
    return root


def test_sound_models_have_no_problems(weights):
    names = ("pipeline", "clip", "clip-check", "identity", "judge", "adapters/sketch")
    assert problems() == dict.fromkeys(names, "")


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("pipeline", "unet/diffusion_pytorch_model.safetensors"),
        ("clip", "model.safetensors"),
        ("clip", "tokenizer.json"),
        ("clip-check", "model.safetensors"),
        ("identity", "model.safetensors"),
        ("judge", "config.json"),
        ("adapters/sketch", "adapter_model.safetensors"),
    ],
)
@pytest.mark.parametrize("missing", [True, False])
def test_a_missing_or_damaged_file_is_a_problem_of_its_model(weights, name, file, missing):
    path = weights / name / file
    path.unlink() if missing else path.write_bytes(b"{}" + bytes(20))
    assert problems()[name]


def test_an_adapter_of_another_model_is_a_problem(weights):
    path = weights / "adapters/sketch/card.json"
    path.write_text(json.dumps({"base": "0123456789"}))
    assert [name for name, said in problems().items() if said] == ["adapters/sketch"]
