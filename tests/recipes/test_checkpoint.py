"""Checkpoints: what was written is what is read, and nothing else is."""

import json
import random
import shutil
from pathlib import Path

import pytest
import torch

from overpaint.errors import CheckpointError
from overpaint.recipes.checkpoint import PARTS, Checkpoint, load, save

SETTINGS = {"lr": 0.1, "betas": (0.9, 0.99)}


def made(step: int) -> Checkpoint:
    parts = [{"w": torch.full((40, 3), float(step + k))} for k in range(3)]
    return Checkpoint(step, SETTINGS, *parts, {"loss": 0.5})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for step in (1, 2, 3):
        save(tmp_path, made(step))
    return tmp_path


def test_the_newest_is_read_and_the_one_before_is_kept(folder: Path) -> None:
    found = load(folder, SETTINGS)
    assert found is not None
    assert found.step == 3
    for part in PARTS:
        assert torch.equal(getattr(found, part)["w"], getattr(made(3), part)["w"])
    assert sorted(p.name for p in folder.iterdir()) == ["step-00000002", "step-00000003"]


def test_an_empty_folder_means_a_fresh_start(tmp_path: Path) -> None:
    assert load(tmp_path / "none", SETTINGS) is None


@pytest.mark.parametrize("seed", range(40))
def test_damage_is_refused_and_the_last_good_one_named(folder: Path, seed: int) -> None:
    rng = random.Random(seed)
    newest = folder / "step-00000003"
    path = rng.choice(sorted(newest.iterdir()))
    content = bytearray(path.read_bytes())
    if seed % 3 == 0:
        path.write_bytes(content[: rng.randrange(len(content))])
    elif seed % 3 == 1:
        path.unlink()
    else:
        content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
        path.write_bytes(content)
    with pytest.raises(CheckpointError, match="step-00000002") as error:
        load(folder, SETTINGS)
    assert str(newest) in error.value.what
    shutil.rmtree(newest)
    found = load(folder, SETTINGS)
    assert found is not None
    assert found.step == 2


def test_a_foreign_folder_is_refused(folder: Path) -> None:
    manifest = folder / "step-00000003" / "manifest.json"
    manifest.write_text(json.dumps({"format": "something else"}))
    with pytest.raises(CheckpointError, match="something else"):
        load(folder, SETTINGS)


def test_a_half_written_draft_is_ignored_and_replaced(folder: Path) -> None:
    draft = folder / ".draft-00000004"
    draft.mkdir()
    (draft / "weights.safetensors").write_bytes(b"half")
    save(folder, made(4))
    found = load(folder, SETTINGS)
    assert found is not None
    assert found.step == 4
    assert not draft.exists()
