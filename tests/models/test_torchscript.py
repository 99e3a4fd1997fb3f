"""TorchScript archives: their tensors come back exactly, and nothing else happens."""

import random
import zipfile
from pathlib import Path

import pytest
import torch

from overpaint.errors import UnsafeFileError
from overpaint.models.files import read_file
from overpaint.models.torchscript import is_torchscript, read_torchscript

from ..archives import Holder, replaced, scripted
from ..pickles import MODULE, archive, attacks, module, tensor, text, together

FOUR = torch.tensor([1.0, 2.0, 3.0, 4.0])
BYTES = FOUR.numpy().tobytes()
TENSORS = {
    "weight": torch.randn(3, 4, generator=torch.Generator().manual_seed(0)),
    "visual.0.proj": torch.arange(6).view(2, 3).half(),
    "visual.0.turned": torch.arange(6.0).view(2, 3).t(),
    "visual.1.scale": torch.tensor(2.5),
    "visual.1.none": torch.empty(0, 3),
    "visual.context_length": torch.tensor(77),
}


class Settings(Holder):
    """A module with everything in it that is no tensor."""

    def __init__(self):
        super().__init__()
        self.linear = torch.nn.Linear(3, 4).half()
        self.sizes, self.pair = [1, 2, 3], (1, 2.0, "x", True)
        self.table, self.large, self.empty = {"a": 1}, 2**40, None
        self.device = torch.device("cpu")


def same(found, expected):
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        assert found[name].dtype == value.dtype
        assert torch.equal(found[name], value)


def test_tensors_come_back_in_their_dtypes_under_dotted_names(tmp_path):
    path = scripted(TENSORS, tmp_path / "model.pt")
    assert is_torchscript(path)
    same(read_file(path), TENSORS)


@pytest.mark.parametrize("compiled", [torch.jit.script, lambda net: torch.jit.trace(net, FOUR)])
def test_what_is_no_tensor_is_left_out(tmp_path, compiled):
    net, path = Settings(), str(tmp_path / "model.pt")
    compiled(net).save(path)
    same(read_torchscript(tmp_path / "model.pt"), dict(net.state_dict()))


def test_two_names_of_one_storage_both_come_back(tmp_path):
    held = module(a=tensor(), b=tensor(offset=1, size=(3,)))
    found = read_torchscript(archive(tmp_path / "x.pt", held, s0=BYTES))
    same(found, {"a": FOUR, "b": FOUR[1:]})


def test_a_pickled_state_dict_is_no_archive(tmp_path):
    torch.save(TENSORS, tmp_path / "x.pth")
    assert not is_torchscript(tmp_path / "x.pth")
    whole = {n: t.float() if t.is_floating_point() else t for n, t in TENSORS.items()}
    same(read_file(tmp_path / "x.pth"), whole)


@pytest.mark.parametrize("name", sorted(attacks(Path("canary"))))
def test_no_instruction_is_carried_out(tmp_path, name):
    canary = tmp_path / "canary"
    path = archive(tmp_path / "x.pt", attacks(canary)[name])
    with pytest.raises(UnsafeFileError, match="not a sound TorchScript archive"):
        read_file(path)
    assert not canary.exists()


def test_the_name_of_the_code_is_told(tmp_path):
    path = archive(tmp_path / "x.pt", attacks(tmp_path / "canary")["in a module"])
    with pytest.raises(UnsafeFileError, match=r"names os\.system, which could be code"):
        read_file(path)


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"size": (5,)}, "beyond its storage"),
        ({"offset": 1}, "beyond its storage"),
        ({"stride": (2,)}, "beyond its storage"),
        ({"size": (2, 3), "stride": (1, 1)}, "beyond its storage"),  # overlapping
        ({"size": (2**20,), "stride": (0,)}, "out of bounds|beyond"),
        ({"size": (2**62, 4), "stride": (0, 1)}, "out of bounds"),
        ({"size": (-1,)}, "out of bounds"),
        ({"offset": -1}, "out of bounds"),
        ({"stride": (-1,)}, "out of bounds"),
        ({"size": (2, 2)}, "shorter|longer"),
        ({"count": 5}, "not what its tensors say"),
        ({"kind": "HalfStorage"}, "not what its tensors say"),
        ({"kind": "QInt8Storage"}, "which could be code"),
        ({"key": "7"}, "no item named"),
        ({"key": "../data.pkl"}, "no item named"),
    ],
)
def test_a_tensor_stays_in_its_storage(tmp_path, said, why):
    path = archive(tmp_path / "x.pt", module(a=tensor(**said)), s0=BYTES)
    with pytest.raises(UnsafeFileError, match=why):
        read_torchscript(path)


DEEP = b"\x85" * 20_000  # a tuple in a tuple in a tuple ...
SENSELESS = {
    "nothing": (b"", "exhausted"),
    "no module": (b"\x80\x02}.", "no module"),
    "no result": (b"\x80\x02.", "unpack"),
    "an empty stack": (b"\x80\x02u.", "empty"),
    "the end missing": (module(a=tensor())[:-20], "exhausted|stream"),
    "a module in itself": (MODULE + b"q\x00}(" + text("self") + b"h\x00ub.", "do not end"),
    "a deep key": (MODULE + b"}()" + DEEP + b"Nub.", "neither text nor number"),
    "a key alone": (b"\x80\x02}(" + text("a") + b"ub.", "shorter"),
    "a frame too long": (b"\x80\x04\x95" + b"\xff" * 8, "uses FRAME"),
    "a place far away": (b"\x80\x02Nr\xff\xff\xff\x7f.", "no module"),
}


@pytest.mark.parametrize("name", SENSELESS)
def test_senseless_pickles_are_refused(tmp_path, name):
    data, why = SENSELESS[name]
    with pytest.raises(UnsafeFileError, match=why):
        read_torchscript(archive(tmp_path / "x.pt", data, s0=BYTES))


def test_modules_without_anything_in_them_are_passed_by(tmp_path):
    empty = b"c__torch__\nM\n" + together() + b"R"
    held = module(a=empty, b=tensor(), c=b"N")
    same(read_torchscript(archive(tmp_path / "x.pt", held, s0=BYTES)), {"b": FOUR})


def test_what_is_larger_than_the_file_is_refused(tmp_path):
    many = module(**{f"a{n}": tensor() for n in range(2000)})
    assert len(read_torchscript(archive(tmp_path / "x.pt", many, s0=BYTES))) == 2000
    bombs = {
        "compressed": archive(tmp_path / "a.pt", module(), zipfile.ZIP_DEFLATED, s0=b"\0" * 9999),
        "larger than it": archive(
            tmp_path / "b.pt",
            module(**{f"a{n}": tensor(count=99999, size=(99999,)) for n in range(9)}),
            s0=b"\0" * 4 * 99999,
        ),
        "too large": archive(tmp_path / "c.pt", b"\x80\x02" + b"N" * (9 << 20)),
    }
    for why, path in bombs.items():
        with pytest.raises(UnsafeFileError, match=why):
            read_torchscript(path)


def test_damaged_archives_are_refused(tmp_path):
    sound = scripted(TENSORS, tmp_path / "model.pt")
    broken = {
        "zip": sound.read_bytes()[: sound.stat().st_size // 2],
        "CRC": sound.read_bytes().replace(TENSORS["weight"].numpy().tobytes()[:8], b"\0" * 8),
    }
    for name, data in broken.items():
        (tmp_path / f"{name}.pt").write_bytes(data)
        with pytest.raises(UnsafeFileError):
            read_file(tmp_path / f"{name}.pt")
    for altered in (("data/0", None), ("data/0", b"short"), ("byteorder", b"big")):
        with pytest.raises(UnsafeFileError, match="not a sound TorchScript archive"):
            read_file(replaced(sound, *altered))


def test_no_damage_gets_through_as_anything_else(tmp_path):
    sound = scripted(TENSORS, tmp_path / "model.pt")
    with zipfile.ZipFile(sound) as file:
        data = file.read("model/data.pkl")
    draw = random.Random(0)
    for _ in range(150):
        check(replaced(sound, "data.pkl", damaged(data, draw)))
        other = tmp_path / "other.pt"
        other.write_bytes(damaged(sound.read_bytes(), draw))
        check(other)


def damaged(data, draw):
    altered = bytearray(data)
    for _ in range(draw.randint(1, 4)):
        altered[draw.randrange(len(data))] = draw.randrange(256)
    return bytes(altered)


def check(path):
    try:
        found = read_torchscript(path)
    except UnsafeFileError:
        return
    assert all(isinstance(value, torch.Tensor) for value in found.values())
