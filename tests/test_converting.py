"""Converted checkpoints are the same models, and take nobody's place unasked."""

import json
import os

import pytest
import torch
from diffusers import UNet2DModel

from overpaint.converting import convert
from overpaint.errors import (
    ModelNotFoundError,
    OptionError,
    OutputError,
    OutputExistsError,
    UnsafeFileError,
)
from overpaint.models.folders import fingerprint
from overpaint.models.zoo import load

from . import golden

GIVEN = {"ddpm_unet_b": {"size": 32}, "guided_unet_class": {"size": 64, "head_channels": 64}}


def written(path, name="ddpm_unet_b"):
    facts = golden.facts(name)
    torch.save(golden.filled(facts["state"], facts["gain"], 1), path)
    return path


@pytest.fixture
def checkpoint(tmp_path):
    return written(tmp_path / "celeba.ckpt")


def left(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("name", GIVEN)
def test_the_folder_gives_the_same_numbers_as_the_file(tmp_path, name):
    file = written(tmp_path / "it.pt", name)
    folder, card = convert(file, tmp_path / "made", **GIVEN[name])
    one, other = load(file, "cpu", "float32", **GIVEN[name]), load(folder, "cpu", "float32")
    x, level = torch.randn(1, 3, 32, 32), one.schedule.at(301)
    with torch.no_grad():
        before, after = one(x, level), other(x, level)
    assert torch.equal(before.eps, after.eps)
    if before.variance is not None:
        assert torch.equal(before.variance, after.variance)
    for same in ("schedule", "size", "prediction", "classes"):
        assert getattr(one, same) == getattr(other, same)
    assert other.card == card


def test_the_card_says_where_it_came_from_and_what_was_assumed(checkpoint, tmp_path):
    folder, card = convert(checkpoint, tmp_path / "made", size="32")
    assert json.loads((folder / "card.json").read_text()) == card
    assert card["source"] == "celeba.ckpt"
    assert card["source_sha256"] == fingerprint(checkpoint)
    assert (card["family"], card["parameters"]) == ("ddpm", 3231619)
    assert (card["given"], card["assumed"]) == ({"size": 32}, {"schedule": "linear"})


def test_diffusers_itself_reads_what_was_converted(checkpoint, tmp_path):
    folder, _ = convert(checkpoint, tmp_path / "made", size=32)
    arrays, net = golden.arrays("ddpm_unet_b"), UNet2DModel.from_pretrained(folder / "unet")
    with torch.no_grad():
        found = net(arrays["x"], torch.tensor([77.5])).sample
    assert (found - arrays["out.q1.t77.5"]).abs().max() < 2e-5


def test_a_cosine_schedule_is_kept(checkpoint, tmp_path):
    folder, _ = convert(checkpoint, tmp_path / "made", schedule="cosine")
    assert load(folder).schedule == load(checkpoint, schedule="cosine").schedule


@pytest.mark.parametrize("there", ["file", "folder", "conversion", "more"])
def test_what_is_there_is_kept(checkpoint, tmp_path, there):
    target = tmp_path / "made"
    if there == "file":
        target.write_text("mine")
    elif there == "folder":
        target.mkdir()
        (target / "card.json").write_text('{"prompt": "mine"}')
    else:
        convert(checkpoint, target)
        if there == "more":
            (target / "notes.txt").write_text("mine")
    before = {path: path.stat().st_mtime_ns for path in [target, *target.rglob("*")]}
    with pytest.raises(OutputExistsError):
        convert(checkpoint, target)
    if there != "conversion":
        with pytest.raises(OutputExistsError):
            convert(checkpoint, target, overwrite=True)
    assert {path: path.stat().st_mtime_ns for path in [target, *target.rglob("*")]} == before


def test_a_conversion_may_be_replaced_and_an_empty_folder_filled(checkpoint, tmp_path):
    (tmp_path / "made").mkdir()
    convert(checkpoint, tmp_path / "made", size=32)
    folder, _ = convert(checkpoint, tmp_path / "made", overwrite=True, size=64)
    assert load(folder).size == 64
    assert left(tmp_path) == ["celeba.ckpt", "made"]


@pytest.mark.parametrize("damage", ["cut", "crash"])
def test_a_failure_leaves_what_was_there(checkpoint, tmp_path, monkeypatch, damage):
    convert(checkpoint, tmp_path / "made", size=32)
    if damage == "cut":
        checkpoint.write_bytes(checkpoint.read_bytes()[:100_000])
    else:
        full = OSError(28, "No space left on device")
        monkeypatch.setattr("overpaint.models.networks.save_file", lambda *_, **__: _raise(full))
    with pytest.raises((UnsafeFileError, OutputError)):
        convert(checkpoint, tmp_path / "made", overwrite=True)
    assert load(tmp_path / "made").size == 32
    assert left(tmp_path) == ["celeba.ckpt", "made"]


def _raise(error):
    raise error


def test_a_failed_replacement_is_taken_back(checkpoint, tmp_path, monkeypatch):
    convert(checkpoint, tmp_path / "made", size=32)
    real = os.rename
    monkeypatch.setattr(
        "pathlib.Path.rename",
        lambda path, to: _raise(OSError(5, "I/O error")) if ".new" in path.name else real(path, to),
    )
    with pytest.raises(OutputError, match="cannot write"):
        convert(checkpoint, tmp_path / "made", overwrite=True, size=64)
    assert load(tmp_path / "made").size == 32
    assert left(tmp_path) == ["celeba.ckpt", "made"]


def test_what_is_no_checkpoint_is_told_before_anything_is_written(tmp_path, checkpoint):
    for file, error in [("nowhere.pt", ModelNotFoundError), (".", ModelNotFoundError)]:
        with pytest.raises(error, match="no checkpoint"):
            convert(tmp_path / file, tmp_path / "made")
    with pytest.raises(OptionError):
        convert(checkpoint, tmp_path / "made", sise=32)
    assert left(tmp_path) == ["celeba.ckpt"]
