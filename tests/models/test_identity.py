"""Face encoders: what a picture shows of its face, and which files are taken for one."""

from pathlib import Path

import pytest
import torch

from overpaint.errors import ModelNotFoundError, UnsafeFileError
from overpaint.models import arcface
from overpaint.models.identity import aligned, load_identity

from ..pickles import archive, attacks

HERE = Path("model_ir_se50.pth")


def weights():
    """Zeros of the right shapes that take no memory."""
    with torch.device("meta"):
        state = arcface.IRSE50().state_dict()
    return {name: torch.zeros(()).expand(tensor.shape) for name, tensor in state.items()}


def test_the_network_is_as_large_as_the_published_one():
    with torch.device("meta"):
        net = arcface.IRSE50()
    assert len(net.state_dict()) == 397
    assert sum(p.numel() for p in net.parameters()) == 43_797_696


@pytest.mark.parametrize("side", [64, 128, 256, 512])
def test_the_crop_is_the_same_part_of_any_size(side):
    rows, columns = torch.meshgrid(*(torch.arange(side) / side,) * 2, indexing="ij")
    face = aligned(torch.stack([rows, columns, rows * 0])[None], 4)
    middle = torch.linspace(0, 1, 9)[1::2]
    assert torch.allclose(face[0, 0, :, 0], (35 + 188 * middle) / 256, atol=1 / side)
    assert torch.allclose(face[0, 1, 0], (32 + 188 * middle) / 256, atol=1 / side)


def test_only_the_central_square_of_an_oblong_picture_counts():
    picture = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    wide = torch.cat([picture * 0, picture, picture * 0], dim=3)
    for oblong, whole in ((wide, picture), (wide.mT, picture.mT)):
        assert torch.equal(aligned(oblong, 8), aligned(whole, 8))


def change(name, tensor):
    state = weights()
    state[name] = tensor
    return state


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (
            change("output_layer.3.weight", torch.zeros(512, 8)),
            r"output_layer.3.weight is \(512, 8",
        ),
        (change("body.24.res_layer.0.weight", torch.zeros(512)), "body.24.res_layer.0.weight is"),
        (dict(list(weights().items())[:-1]), "is missing, expected"),
    ],
)
def test_the_first_tensor_that_does_not_fit_is_named(state, said):
    with pytest.raises(UnsafeFileError, match=said):
        arcface.converted(state, HERE)


def test_only_face_networks_are_claimed():
    shapes = {name: tuple(tensor.shape) for name, tensor in weights().items()}
    assert arcface.holds(shapes)
    assert not arcface.holds({"visual.conv1.weight": (64, 3, 8, 8)})


@pytest.mark.parametrize("suffix", ["pth", "pt", "safetensors"])
def test_files_of_other_kinds_are_refused(tmp_path, suffix):
    path = tmp_path / f"model.{suffix}"
    torch.save({"conv_in.weight": torch.zeros(3)}, path)
    if suffix == "safetensors":
        with pytest.raises(UnsafeFileError, match="not a safetensors file"):
            load_identity(path)
        return
    with pytest.raises(ModelNotFoundError, match=r"first tensor is conv_in\.weight"):
        load_identity(path)


@pytest.mark.parametrize("name", ["system in protocol 2", "eval in protocol 4", "object"])
def test_no_code_is_run(tmp_path, name):
    canary, path = tmp_path / "canary", tmp_path / "model.pth"
    data = attacks(canary)[name]
    path.write_bytes(data)
    for file in (path, archive(tmp_path / "model.pt", data)):
        with pytest.raises(UnsafeFileError):
            load_identity(file)
    assert not canary.exists()


@pytest.mark.parametrize("size", [0, 1, 1000])
def test_truncated_files_are_refused(tmp_path, size):
    path = tmp_path / "model.pth"
    torch.save(weights(), path)
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(UnsafeFileError):
        load_identity(path)
