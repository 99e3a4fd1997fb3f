"""IR-SE50 and the identity loss against the authors' own numbers, through the loader users call."""

import pytest
import torch

from overpaint.models.arcface import write
from overpaint.models.files import read_file
from overpaint.models.identity import aligned, load_identity

from .. import golden

NAME = "ir_se50"


@pytest.fixture(scope="module")
def numbers():
    return golden.arrays(NAME)


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    told, path = golden.facts(NAME), tmp_path_factory.mktemp(NAME) / "model_ir_se50.pth"
    torch.save(golden.filled(told["state"], told["gain"], q=1), path)
    yield path
    path.unlink()  # 175 MB


@pytest.fixture(scope="module")
def encoder(path):
    return load_identity(path)


@pytest.fixture(scope="module")
def judged(numbers, encoder):
    """Features of both pictures, the loss of each, and the gradient of their mean."""
    edited = numbers["x_hat"].requires_grad_()
    before, after = encoder.embed(numbers["x"]), encoder.embed(edited)
    losses = 1 - (after * before).sum(1)
    (slope,) = torch.autograd.grad(losses.mean(), edited)
    return before, after.detach(), losses.detach(), slope


def test_the_crop(numbers):
    torch.testing.assert_close(aligned(numbers["x"][:1], 112), numbers["pooled"])


def test_features(numbers, judged):
    before, after, *_ = judged
    torch.testing.assert_close(before, numbers["features.x.q1"], rtol=0, atol=1e-5)
    torch.testing.assert_close(after, numbers["features.x_hat.q1"], rtol=0, atol=1e-5)
    product, expected = after[0] @ before[1], numbers["features.x_hat0_vs_x1.q1"]
    torch.testing.assert_close(product, expected, rtol=0, atol=1e-5)


def test_the_loss(numbers, judged):
    torch.testing.assert_close(judged[2], numbers["id_loss.q1"], rtol=0, atol=2e-6)


def test_its_gradient(numbers, judged):
    slope, expected = judged[3], numbers["grad_x_hat.q1.crop"]
    most = 1e-3 * float(expected.abs().max())
    torch.testing.assert_close(slope[:1, :, 100:116, 100:116], expected, rtol=0, atol=most)
    torch.testing.assert_close(
        slope.square().mean().sqrt(), numbers["grad_rms.q1"], rtol=1e-3, atol=0
    )


def test_a_converted_folder_is_the_same_network(encoder, path, tmp_path):
    write(read_file(path), path, tmp_path)
    found = load_identity(tmp_path)
    for name, tensor in encoder.net.state_dict().items():
        assert torch.equal(found.net.state_dict()[name], tensor)
    assert (found.size, found.crop) == (encoder.size, encoder.crop)
    (tmp_path / "model.safetensors").unlink()  # 175 MB
