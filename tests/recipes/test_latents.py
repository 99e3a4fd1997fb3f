"""Inverted pictures are kept, found again, told apart, and made anew when damaged."""

from dataclasses import replace

import pytest
import torch

from overpaint.core.schedule import below
from overpaint.inversions.ddim import ddim
from overpaint.models.bundle import Calls
from overpaint.models.families.tiny import tiny
from overpaint.recipes.latents import inverted

MODEL = replace(tiny(), calls=Calls())
LEVELS = MODEL.schedule.path(below(500, 3))
X0 = torch.rand(5, 12, 8, 8, generator=torch.Generator().manual_seed(0)) * 2 - 1


def calls(cache, model=MODEL, x0=X0, levels=LEVELS):
    """The latents, and how many network calls they took."""
    before = model.calls.count
    return inverted(model, x0, levels, batch_size=2, cache=cache), model.calls.count - before


def test_batches_give_what_one_inversion_gives(tmp_path):
    found, made = calls(tmp_path)
    assert torch.allclose(found, ddim(MODEL, X0, LEVELS).noise, atol=1e-5)
    assert made == 3 * (len(LEVELS) - 1)


def test_pictures_are_inverted_once(tmp_path):
    first, _ = calls(tmp_path)
    again, made = calls(tmp_path)
    assert made == 0
    assert torch.equal(first, again)
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize(
    "other",
    [
        {"x0": X0 + 0.01},
        {"levels": MODEL.schedule.path(below(400, 3))},
        {"model": replace(MODEL, hash="another")},
        {"model": replace(MODEL, dtype=torch.bfloat16)},
    ],
    ids=lambda other: next(iter(other)),
)
def test_whatever_they_depend_on_has_latents_of_its_own(tmp_path, other):
    calls(tmp_path)
    assert calls(tmp_path, **other)[1] > 0
    assert calls(tmp_path)[1] == 0


@pytest.mark.parametrize("content", [b"", b"not safetensors", None])
def test_damaged_ones_are_made_anew(tmp_path, content):
    first, _ = calls(tmp_path)
    (path,) = tmp_path.iterdir()
    path.write_bytes(path.read_bytes()[:-40] if content is None else content)
    again, made = calls(tmp_path)
    assert made > 0
    assert torch.equal(first, again)
    assert calls(tmp_path)[1] == 0
