"""Pickled weights are read as data: what could run, lie or break is refused and never run."""

import os
import pickle
import random
import struct
import zipfile
from collections import OrderedDict
from contextlib import suppress

import pytest
import torch
from torch import nn

from overpaint.errors import (
    ModelNotFoundError,
    NumericsError,
    OutOfMemoryError,
    OverpaintError,
    UnsafeFileError,
)
from overpaint.models.checkpoints import read_file
from overpaint.models.families.published import Options
from overpaint.models.pickles import read_pickled
from overpaint.models.torchscript import is_torchscript

NOISE = random.Random(0).randbytes(1000)
WEIGHTS = {"a.weight": torch.arange(6.0).view(2, 3), "a.bias": torch.ones(2)}


class Canary:
    """What a hostile file unpickles to: a call that leaves a file behind."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return os.mkdir, (self.path,)


@pytest.fixture
def saved(tmp_path):
    def save(content, **how):
        torch.save(content, tmp_path / "it.pt", **how)
        return tmp_path / "it.pt"

    return save


def same(found, expected=WEIGHTS):
    assert found.keys() == expected.keys()
    for name, tensor in found.items():
        assert tensor.dtype == torch.float32
        assert torch.equal(tensor, expected[name].float())


@pytest.mark.parametrize("zipped", [True, False])
def test_both_formats_of_torch_are_read(saved, zipped):
    same(read_pickled(saved(WEIGHTS, _use_new_zipfile_serialization=zipped)))


@pytest.mark.parametrize(
    "around",
    [
        lambda w: OrderedDict(w),
        lambda w: {"state_dict": w, "epoch": 3, "step": torch.tensor(7)},
        lambda w: {"model": {"state_dict": w}},
        lambda w: {f"module.{name}": tensor for name, tensor in w.items()},
        lambda w: {name: nn.Parameter(tensor) for name, tensor in w.items()},
        lambda w: {name: tensor.double() for name, tensor in w.items()},
        lambda w: {name: tensor.half() for name, tensor in w.items()},
        lambda w: {name: tensor.t() if tensor.ndim == 2 else tensor for name, tensor in w.items()},
    ],
)
def test_weights_are_found_in_what_lies_around_them(saved, around):
    expected = {"a.weight": WEIGHTS["a.weight"], "a.bias": WEIGHTS["a.bias"]}
    found = read_pickled(saved(around(WEIGHTS)))
    if found["a.weight"].shape == (3, 2):
        expected["a.weight"] = expected["a.weight"].t()
    same(found, expected)


def test_averaged_weights_are_preferred(saved):
    plain, optimiser = {k: v + 1 for k, v in WEIGHTS.items()}, {"state": {0: {"step": 5}}}
    for content in (
        [plain, {**optimiser, "param_groups": []}, 9, 1000, WEIGHTS],
        {"model": plain, "ema": WEIGHTS},
    ):
        same(read_pickled(saved(content)))


def test_whole_numbers_stay_so(saved):
    assert read_pickled(saved({"n": torch.tensor([3])}))["n"].dtype == torch.int64


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("around", [lambda c: c, lambda c: {**WEIGHTS, "x": c}, lambda c: [c]])
def test_hostile_files_run_nothing(saved, tmp_path, zipped, around):
    path = saved(around(Canary(tmp_path / "canary")), _use_new_zipfile_serialization=zipped)
    with pytest.raises(UnsafeFileError, match="was not run"):
        read_pickled(path)
    assert not (tmp_path / "canary").exists()


def test_the_canary_sings_where_a_file_is_trusted(saved, tmp_path):
    torch.load(saved(Canary(tmp_path / "canary")), weights_only=False)
    assert (tmp_path / "canary").exists()


@pytest.mark.parametrize("protocol", range(6))
def test_bare_pickles_run_nothing(tmp_path, protocol):
    path = tmp_path / "it.pt"
    path.write_bytes(pickle.dumps(Canary(tmp_path / "canary"), protocol))
    with pytest.raises(UnsafeFileError):
        read_pickled(path)
    assert not (tmp_path / "canary").exists()


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("share", [0, 0.01, 0.3, 0.7, 0.99])
def test_truncated_files_are_refused(saved, zipped, share):
    path = saved(WEIGHTS, _use_new_zipfile_serialization=zipped)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(UnsafeFileError, match="it is damaged"):
        read_pickled(path)


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("zipped", [True, False])
def test_damaged_bytes_never_get_past_the_door(saved, seed, zipped):
    path, rng = saved(WEIGHTS, _use_new_zipfile_serialization=zipped), torch.Generator()
    content = bytearray(path.read_bytes())
    for place in torch.randint(len(content), (12,), generator=rng.manual_seed(seed)).tolist():
        content[place] ^= 0xFF
    path.write_bytes(content)
    with suppress(OverpaintError):
        assert read_pickled(path).keys() == WEIGHTS.keys()  # only numbers were hit


@pytest.mark.parametrize(
    "content",
    [
        b"\x00" * 1000,
        NOISE,
        b"PK\x03\x04" + NOISE,
        b"<html>Sign in to download</html>",
        b"version https://git-lfs.github.com/spec/v1\n",
        b"\x80\x02" + struct.pack("<BQ", 0x8A, 2**60),
        b"(" * 100_000 + b"t." * 10,
    ],
)
def test_what_is_no_checkpoint_is_refused(tmp_path, content):
    (tmp_path / "it.pt").write_bytes(content)
    with pytest.raises(UnsafeFileError) as caught:
        read_pickled(tmp_path / "it.pt")
    assert len(str(caught.value)) < 600


def test_packed_archives_are_refused_before_they_are_unpacked(saved, tmp_path):
    path, bomb = saved({"a": torch.zeros(4_000_000)}), tmp_path / "bomb.pt"
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, old.read(name))
    assert bomb.stat().st_size < path.stat().st_size / 100
    with pytest.raises(UnsafeFileError, match="is packed"):
        read_pickled(bomb)


@pytest.mark.parametrize("zipped", [True, False])
def test_claims_beyond_the_file_are_refused(saved, zipped):
    lie = torch.zeros(1).expand(1 << 20, 1 << 20)  # four terabytes of one zero
    with pytest.raises(UnsafeFileError, match="claims more numbers than it holds"):
        read_pickled(saved({"a": lie}, _use_new_zipfile_serialization=zipped))


def test_storages_beyond_the_memory_are_told_as_that(saved):
    path = saved({"a": torch.zeros(300)}, _use_new_zipfile_serialization=False)
    claimed = b"\x8a\x07" + (2**50).to_bytes(7, "little")  # petabytes of them
    path.write_bytes(path.read_bytes().replace(b"M" + (300).to_bytes(2, "little"), claimed))
    with pytest.raises(OutOfMemoryError):
        read_file(path, Options())


def test_scripts_are_told_and_refused(tmp_path, saved):
    torch.jit.save(torch.jit.script(nn.Linear(2, 2)), tmp_path / "script.pt")
    assert is_torchscript(tmp_path / "script.pt")
    with pytest.raises(UnsafeFileError, match="TorchScript"):
        read_pickled(tmp_path / "script.pt")
    assert not is_torchscript(saved(WEIGHTS))
    assert not is_torchscript(saved(WEIGHTS, _use_new_zipfile_serialization=False))


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_weights_that_are_not_finite_are_named(saved, bad):
    with pytest.raises(NumericsError, match=r"a\.bias"):
        read_pickled(saved({**WEIGHTS, "a.bias": torch.tensor([1.0, bad])}))


@pytest.mark.parametrize(
    "strange",
    [
        {"n": 3},
        {"text": "x"},
        {"inner": {"deep": {"deeper": torch.ones(1)}}},
        {5: torch.ones(2)},
        {"s": torch.eye(2).to_sparse()},
        {"m": torch.ones(2, device="meta")},
    ],
)
def test_what_is_no_weight_among_weights_is_refused(saved, strange):
    with pytest.raises(UnsafeFileError):
        read_pickled(saved({**WEIGHTS, **strange}))


@pytest.mark.parametrize("content", [[], {}, 3, "text", [1, 2], {"epoch": 3}, torch.ones(3)])
def test_files_without_weights_by_name_are_unsuitable(saved, content):
    with pytest.raises(ModelNotFoundError, match="holds no weights"):
        read_pickled(saved(content))


def test_reading_leaves_nothing_of_the_file_behind(saved):
    path = saved(WEIGHTS)
    found = read_pickled(path)
    path.write_bytes(b"")
    same(found)
