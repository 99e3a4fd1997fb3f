"""A tuning that was killed goes on where it was, to the same bits; other settings are named."""

import json
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
import torch
from PIL import Image
from torch import Tensor

from overpaint.core.prediction import Prediction
from overpaint.core.schedule import Level
from overpaint.errors import OptionError, OutOfMemoryError
from overpaint.models.bundle import DiffusionModel
from overpaint.recipes import guides, manner, objective

from . import tuning_job
from .tuning_job import QUICK, tuned

ROOT = Path(__file__).parents[2]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder ready for the job, in this process."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for module, name in [
        (guides, "load_clip"),
        (objective, "load_identity"),
        (manner, "fitting"),
    ]:
        monkeypatch.setattr(module, name, getattr(module, name))  # put back afterwards
    tuning_job.ready(tmp_path)
    return tmp_path


def stopped(target: Path, after: int, **options: object) -> None:
    """A tuning that is interrupted after some iterations."""

    def watch(items: Iterable, total: int | None, label: str, /) -> Iterator:
        for item in items:
            yield item
            if label == "tuning" and item.step == after:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        tuned(target, options, watch=watch)


def weights(folder: Path) -> bytes:
    return (folder / "adapter_model.safetensors").read_bytes()


@pytest.mark.parametrize(
    "options",
    [{}, {"gradient": "per-step", "step_each": True, "learn": "factors"}],
    ids=["checkpointed", "walk"],
)
def test_a_killed_tuning_ends_at_the_same_bits(tmp_path: Path, options: dict) -> None:
    job = [sys.executable, "-m", "tests.recipes.tuning_job", str(tmp_path), json.dumps(options)]
    done = subprocess.run(job, cwd=ROOT, capture_output=True, text=True, check=True)
    told = json.loads(done.stdout.splitlines()[-1])
    assert sum(told["killed"]) >= 2, "the job was too fast to be killed"
    assert told["left"]
    assert weights(tmp_path / "killed") == weights(tmp_path / "whole")
    cards = [{**card, "seconds": 0} for card in told["cards"].values()]
    assert cards[0] == cards[1]
    for name in ("killed", "whole"):
        strips = sorted(path.name for path in (tmp_path / name / "strips").iterdir())
        assert strips == ["000004.png", "000008.png", "000010.png"]
    assert not list(tmp_path.glob(".*.tuning"))


def test_a_strip_shows_sources_above_edits(place: Path) -> None:
    folder, _ = tuned(place / "red", {"strip_every": 10})
    with Image.open(folder / "strips/000010.png") as strip:
        assert strip.size == (4 * 16, 2 * 16)
        rows = [list(strip.crop((0, top, 64, top + 16)).getdata()) for top in (0, 16)]
    assert rows[0] != rows[1]


def test_an_interrupted_tuning_goes_on(place: Path) -> None:
    whole, _ = tuned(place / "whole", {})
    stopped(place / "red", 7)
    assert not (place / "red/card.json").exists()
    assert (place / "red/strips/000004.png").exists()
    steps = []

    def watch(items: Iterable, total: int | None, label: str, /) -> Iterator:
        for item in items:
            steps.extend([item.step] if label == "tuning" else [])
            yield item

    folder, card = tuned(place / "red", {}, watch=watch)
    assert steps[0] == 7
    assert weights(folder) == weights(whole)
    assert card["stopped_at"] == QUICK["iterations"]


def test_changed_settings_are_named_and_refused_or_allowed_or_begun_afresh(place: Path) -> None:
    stopped(place / "red", 6)
    changed = {"lr": 0.5, "t0": 300, "micro_batch": 1, "strip_every": 0}
    with pytest.raises(OptionError, match="made under other settings") as told:
        tuned(place / "red", changed)
    assert told.value.why == "about.t0: 250.0 -> 300.0; lr: 0.003 -> 0.5"
    assert "--allow-change" in told.value.hint
    _, card = tuned(place / "red", changed, allow_change=True)
    assert card["t0"] == 300
    stopped(place / "clay", 6)
    folder, _ = tuned(place / "clay", changed, overwrite=True)
    fresh, _ = tuned(place / "fresh", changed)
    assert weights(folder) == weights(fresh)
    assert not (folder / "strips").exists()


def test_it_stops_when_the_face_is_lost_and_says_so(place: Path) -> None:
    _, card = tuned(place / "red", {"likeness_floor": 1})
    assert card["stopped_at"] < 5
    assert "the likeness fell" in card["stopped"]
    assert (place / f"red/strips/{card['stopped_at']:06d}.png").exists()
    _, card = tuned(place / "blue", {})
    assert (card["stopped_at"], card["stopped"]) == (10, "all iterations were done")


def test_a_tuning_that_runs_out_of_memory_takes_smaller_portions(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone, _ = tuned(place / "alone", {"micro_batch": 1})
    real = DiffusionModel.__call__

    def limited(model: DiffusionModel, x: Tensor, level: Level, cond: None = None) -> Prediction:
        if torch.is_grad_enabled() and len(x) > 1:
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory")
        return real(model, x, level, cond)

    monkeypatch.setattr(DiffusionModel, "__call__", limited)
    folder, card = tuned(place / "red", {})
    assert card["notes"] == ["memory ran out: then 1 at once of 2 pictures"]
    assert weights(folder) == weights(alone)
    stopped(place / "again", 6)
    resumed, card = tuned(place / "again", {})
    assert "notes" not in card  # it began with portions as small as they had become
    assert weights(resumed) == weights(alone)


def test_memory_that_is_too_little_for_one_picture_ends_it(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(*_: object) -> Prediction:
        raise RuntimeError("CUDA out of memory")

    monkeypatch.setattr("overpaint.recipes.chain.Chain.__call__", none)
    with pytest.raises(OutOfMemoryError):
        tuned(place / "red", {})
