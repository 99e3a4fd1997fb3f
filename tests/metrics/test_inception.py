"""Inception's features are the library's own, of uint8; its weights are read as plain data."""

import pytest
import torch
from safetensors.torch import save_file

from overpaint.errors import ModelNotFoundError, OptionError, UnsafeFileError
from overpaint.metrics.inception import load_inception
from overpaint.metrics.sets import fid, inception_score

from .. import extras
from ..pickles import attacks

IMAGES = torch.randint(256, (4, 3, 8, 9), generator=torch.Generator().manual_seed(0)).byte()
WEIGHTS = {"fc.weight": torch.arange(12.0).reshape(4, 3) / 1000}


def test_features_and_probabilities_come_of_one_look(library):
    library("torch_fidelity", extras.torch_fidelity())
    features, classes = load_inception(device="cpu").see(IMAGES)
    assert torch.equal(features, IMAGES.float().mean((2, 3)))
    assert torch.allclose(classes.sum(1), torch.ones(4))
    assert fid(features, features) == pytest.approx(0, abs=1e-6)
    assert inception_score(classes) >= 1


@pytest.mark.parametrize("kind", ["pth", "safetensors"])
def test_weights_of_ones_own_are_used(library, tmp_path, kind):
    library("torch_fidelity", extras.torch_fidelity(lacking=True))
    path = tmp_path / f"inception.{kind}"
    save_file(WEIGHTS, path) if kind == "safetensors" else torch.save(WEIGHTS, path)
    features, classes = load_inception(path, "cpu").see(IMAGES)
    assert torch.allclose(classes, (features @ WEIGHTS["fc.weight"].T).softmax(1))


def test_no_code_in_weights_is_run(library, tmp_path):
    library("torch_fidelity", extras.torch_fidelity())
    canary, path = tmp_path / "canary", tmp_path / "inception.pth"
    path.write_bytes(attacks(canary)["system in protocol 2"])
    with pytest.raises(UnsafeFileError):
        load_inception(path, "cpu")
    assert not canary.exists()


def test_weights_of_another_network_are_refused(library, tmp_path):
    library("torch_fidelity", extras.torch_fidelity())
    torch.save({"fc.weight": torch.zeros(2, 2)}, tmp_path / "other.pth")
    with pytest.raises(UnsafeFileError, match=r"do not fit(.|\n)*fc\.weight"):
        load_inception(tmp_path / "other.pth", "cpu")
    with pytest.raises(ModelNotFoundError, match="no weights"):
        load_inception(tmp_path / "none.pth", "cpu")


def test_what_is_missing_is_said(library):
    library("torch_fidelity", extras.torch_fidelity(lacking=True))
    with pytest.raises(ModelNotFoundError, match=r"Inception-v3 are not on this machine"):
        load_inception(device="cpu")
    library("torch_fidelity", None)
    with pytest.raises(OptionError, match=r"torch-fidelity(.|\n)*overpaint\[metrics\]"):
        load_inception(device="cpu")


def test_only_bytes_are_seen(library):
    library("torch_fidelity", extras.torch_fidelity())
    with pytest.raises(OptionError, match="of uint8"):
        load_inception(device="cpu").see(IMAGES.float())
