"""What is fitted at great cost is fitted once."""

import os
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

import overpaint
from overpaint import trajectories
from overpaint.core.rng import NoiseStream
from overpaint.core.schedule import below
from overpaint.inversions import null_text
from overpaint.inversions.registry import find
from overpaint.inversions.source import source_of
from overpaint.inverting import reconstruct
from overpaint.methods import remembering
from overpaint.methods.registry import Run
from overpaint.methods.remembering import keep
from overpaint.methods.starting import inverted
from overpaint.models.zoo import load

MODEL = load("tiny-text")
LEVELS = MODEL.schedule.path(below(900, 3))
X0 = NoiseStream((3,)).randn((1, 4, 8, 8))
TEXT = "a red hat"


@pytest.fixture
def slopes(monkeypatch):
    """A list that grows by one with each gradient."""
    found, real = [], torch.autograd.grad
    monkeypatch.setattr(torch.autograd, "grad", lambda *a, **k: found.append(1) or real(*a, **k))
    return found


@pytest.fixture
def asked(monkeypatch):
    """A list that grows with each call of the network."""
    found, real = [], MODEL.net.forward
    monkeypatch.setattr(MODEL.net, "forward", lambda *a, **k: found.append(1) or real(*a, **k))
    return found


def fitted(folder, name="null-text", *, x0=X0, text=TEXT, scale=7.5, levels=LEVELS, model=MODEL):
    source = source_of(model, [text], scale=scale, rng=NoiseStream([0]))
    run = Run(cache=folder)
    return inverted(model, source, x0, levels, inversion=find(name), run=run)


def test_it_is_found_again_with_every_number(tmp_path, slopes, asked):
    first = fitted(tmp_path / "new" / "folder")
    assert slopes
    slopes.clear()
    asked.clear()
    again = fitted(tmp_path / "new" / "folder")
    assert (slopes, asked) == ([], [])
    assert (again.levels, again.key, again.inversion) == (first.levels, first.key, "null-text")
    for level in LEVELS[:-1]:
        assert torch.equal(again.states[level], first.states[level])
        assert torch.equal(again.empties[level].text, first.empties[level].text)


@pytest.mark.parametrize(
    "other",
    [
        {"x0": X0 + 1e-3},
        {"x0": X0.repeat(2, 1, 1, 1)},
        {"text": "a blue hat"},
        {"scale": 3.0},
        {"levels": MODEL.schedule.path(below(900, 4))},
        {"levels": MODEL.schedule.path(below(901, 3))},
        {"model": replace(MODEL, hash="another")},
        {"model": replace(MODEL, dtype=torch.bfloat16)},
    ],
)
def test_anything_else_is_fitted_anew(tmp_path, other):
    fitted(tmp_path)
    fitted(tmp_path, **other)
    assert len(list(tmp_path.iterdir())) == 2


def test_other_numbers_of_the_fit_are_another_fit(tmp_path, monkeypatch):
    fitted(tmp_path)
    assert remembering.COSTLY == {"null-text": (null_text.BOUND, null_text.STEPS)}
    monkeypatch.setattr(remembering, "COSTLY", {"null-text": (1.0, 2)})
    fitted(tmp_path)
    assert len(list(tmp_path.iterdir())) == 2


def test_what_costs_little_is_not_kept(tmp_path):
    for name in ("ddim", "negative-prompt", "edict"):
        fitted(tmp_path, name)
    fitted(tmp_path, scale=1.0)
    fitted(tmp_path, model=replace(MODEL, hash=""))
    fitted(None)
    assert not list(tmp_path.iterdir())


def cut(path):
    path.write_bytes(path.read_bytes()[:-9])


def empty(path):
    path.write_bytes(b"")


def of_another(path):
    path.write_bytes(trajectories.packed(fitted(None, x0=X0 + 1)))


def without_texts(path):
    path.write_bytes(trajectories.packed(replace(fitted(None), empties={})))


@pytest.mark.parametrize("damage", [cut, empty, of_another, without_texts])
def test_a_damaged_file_is_made_anew(tmp_path, damage, slopes):
    first = fitted(tmp_path)
    (path,) = tmp_path.iterdir()
    whole = path.read_bytes()
    damage(path)
    slopes.clear()
    again = fitted(tmp_path)
    assert slopes
    assert torch.equal(again.noise, first.noise)
    assert path.read_bytes() == whole
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_cannot_be_written_is_gone_without(tmp_path):
    (tmp_path / "file").write_text("no folder")
    assert fitted(tmp_path / "file").inversion == "null-text"
    assert (tmp_path / "file").read_text() == "no folder"


def test_the_ones_unused_for_longest_go_first(tmp_path):
    way = fitted(None)
    size = len(trajectories.packed(way))
    for age, name in enumerate("abc"):
        keep(way, tmp_path / f"{name}.safetensors", most=9 * size)
        os.utime(tmp_path / f"{name}.safetensors", (age, age))
    (tmp_path / "other.txt").write_text("not ours")
    keep(way, tmp_path / "d.safetensors", most=2 * size)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "c.safetensors",
        "d.safetensors",
        "other.txt",
    ]


def test_what_is_used_stays(tmp_path):
    fitted(tmp_path)
    (path,) = tmp_path.iterdir()
    os.utime(path, (1, 1))
    fitted(tmp_path)
    assert path.stat().st_mtime > 1


def test_what_can_only_be_read_is_found_too(tmp_path, monkeypatch, slopes):
    fitted(tmp_path)
    slopes.clear()

    def refused(*asked):
        raise PermissionError

    monkeypatch.setattr(os, "utime", refused)
    fitted(tmp_path)
    assert not slopes


def test_edits_and_reconstructions_share_it(tmp_path, monkeypatch, slopes):
    """Of whatever method: the text alone is another."""
    monkeypatch.setattr(trajectories, "cache", lambda: tmp_path)
    values = np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    picture = Image.fromarray(values)
    how = {"model": MODEL, "source_prompt": TEXT, "guidance_scale": 3.0, "strength": 0.5}
    reconstruct(picture, inversion="null-text", steps=3, **how)
    assert slopes
    slopes.clear()
    for method, options in (("null-text", {}), ("prompt-to-prompt", {"inversion": "null-text"})):
        given = {**how, **options, "method": method, "num_inference_steps": 3}
        found = overpaint.edit(picture, "a blue hat", **given)
        assert found.calls == 3
        assert sum("is from the cache" in note for note in found.warnings) == 1
    assert not slopes


def test_a_reconstruction_is_measured_again(tmp_path, monkeypatch, slopes):
    """Though edits would find it: the figures are of all that it takes."""
    monkeypatch.setattr(trajectories, "cache", lambda: tmp_path)
    how = {"model": MODEL, "source_prompt": TEXT, "guidance_scale": 3.0, "inversion": "null-text"}
    picture = Image.new("RGB", (16, 16), "teal")
    first = reconstruct(picture, steps=3, **how)
    taken = len(slopes)
    assert len(list(tmp_path.iterdir())) == 1
    again = reconstruct(picture, steps=3, **how)
    assert (again.calls, len(slopes)) == (first.calls, 2 * taken)
    assert taken


@pytest.mark.parametrize(
    ("method", "more"),
    [
        ("prompt-to-prompt", {}),
        ("diffedit", {"encode_source": True, "mask": Image.new("L", (16, 16), 255)}),
    ],
)
def test_only_an_edit_that_finds_its_fit_says_so(tmp_path, monkeypatch, method, more):
    monkeypatch.setattr(trajectories, "cache", lambda: tmp_path)
    how = {"model": MODEL, "source_prompt": TEXT, "inversion": "null-text", **more}
    how |= {"num_inference_steps": 3, "method": method}
    picture = Image.new("RGB", (16, 16), "teal")
    found = [overpaint.edit(picture, "a blue hat", **how) for _ in range(2)]
    told = ["the fit of null-text is from the cache" in " ".join(each.warnings) for each in found]
    assert told == [False, True]
