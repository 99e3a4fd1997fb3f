"""Candidates: batches that shrink when memory runs out, labels, calls, what is settled."""

from dataclasses import dataclass, field

import numpy as np
import pytest
from PIL import Image

import overpaint
from overpaint import candidates
from overpaint.core.watch import unwatched
from overpaint.editing import edits
from overpaint.methods import registry
from overpaint.methods.registry import Outcome
from overpaint.models.families.tiny import tiny

PHOTO = Image.fromarray(np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8))
ASKED = {"method": "sdedit", "model": "tiny", "num_inference_steps": 2}


@dataclass
class Runs:
    """The seeds of every call of a method, and how many pictures fit into memory."""

    seeds: list[tuple[int, ...]] = field(default_factory=list)
    most: int = 100


@pytest.fixture
def runs(monkeypatch):
    """Looks on, and has memory run out where more are asked for than fit."""
    real, seen = registry.perform, Runs()

    def perform(method, model, task, options, run, parts):
        seen.seeds.append(run.seeds)
        if len(run.seeds) > seen.most:
            raise MemoryError
        return real(method, model, task, options, run, parts)

    monkeypatch.setattr(registry, "perform", perform)
    return seen


def test_seeds_are_made_in_batches_of_the_size_asked_for(runs):
    result = overpaint.edit(PHOTO, seed=5, count=5, batch=2, **ASKED)
    assert runs.seeds == [(5, 6), (7, 8), (9,)]
    assert result.record.seeds == (5, 6, 7, 8, 9)


def test_without_a_size_as_many_as_fit_are_made_at_once(runs, monkeypatch):
    overpaint.edit(PHOTO, count=20, **ASKED)
    assert [len(seeds) for seeds in runs.seeds] == [16, 4]
    runs.seeds.clear()
    monkeypatch.setattr("overpaint.models.portions.free_memory", lambda device: 0)
    overpaint.edit(PHOTO, count=3, **ASKED)
    assert runs.seeds == [(0,), (1,), (2,)]


def test_where_memory_runs_out_half_as_many_are_tried(runs):
    runs.most = 3
    result = overpaint.edit(PHOTO, count=5, batch=8, **ASKED)
    assert runs.seeds == [(0, 1, 2, 3, 4), (0, 1, 2, 3), (0, 1), (2, 3), (4,)]
    assert result.record.seeds == (0, 1, 2, 3, 4)
    runs.most = 0
    with pytest.raises(overpaint.errors.OutOfMemoryError):
        overpaint.edit(PHOTO, count=2, batch=2, **ASKED)


def test_a_forward_of_a_batch_counts_for_each_of_its_pictures():
    results = list(edits(PHOTO, count=5, batch=4, **ASKED))
    assert [result.calls for result in results] == [2] * 5
    assert overpaint.edit(PHOTO, count=5, batch=4, **ASKED).calls == 10
    assert all(result.seconds > 0 for result in results)


def test_progress_says_which_candidates_are_made():
    labels = []

    def watch(items, total, label, /):
        labels.append(label)
        return unwatched(items, total, label)

    overpaint.edit(PHOTO, count=5, batch=4, watch=watch, **ASKED)
    overpaint.edit(PHOTO, watch=watch, **ASKED)
    assert labels == ["denoising, 1-4 of 5", "denoising, 5 of 5", "denoising"]


def test_what_the_first_picture_settles_holds_for_all(monkeypatch):
    """It is made alone, so that it is the same however many follow."""

    @dataclass(frozen=True)
    class Options:
        level: str = registry.opt("auto", "what is left open")

    seen = []

    def settling(model, task, options, run):
        seen.append((run.seeds, options.level))
        chosen = {"level": str(run.seeds[0])} if options.level == "auto" else {}
        return Outcome(task.image.repeat(len(run.seeds), 1, 1, 1), chosen=chosen)

    monkeypatch.setattr(registry, "_METHODS", dict(registry._METHODS))
    about = {"title": "-", "paper": "0", "options": Options, "settles": ("level",)}
    registry.register("settling", **about)(settling)
    results = list(edits(PHOTO, method="settling", model=tiny(), seed=7, count=4))
    assert seen == [((7,), "auto"), ((8, 9, 10), "7")]
    assert [result.record.options for result in results] == [{"level": "7"}] * 4


def test_where_chance_plays_no_part_one_picture_is_made_at_once():
    black = Image.new("L", PHOTO.size)
    results = list(edits(PHOTO, mask=black, count=64, **ASKED))
    assert len(results) == 1
    assert candidates.AGAIN in results[0].warnings
    assert candidates.AGAIN not in overpaint.edit(PHOTO, mask=black, **ASKED).warnings
