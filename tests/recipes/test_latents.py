"""Inverted pictures are kept, found again, told apart, and made anew when damaged."""

from dataclasses import replace

import pytest
import torch
from safetensors.torch import save_file

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
    assert len(list(tmp_path.iterdir())) == len(X0)


def test_another_set_finds_the_pictures_it_shares(tmp_path):
    first, _ = calls(tmp_path)
    other = torch.cat([X0[3:], X0[:1] + 0.01, X0[1:2]])
    found, made = calls(tmp_path, x0=other)
    assert made == len(LEVELS) - 1  # one picture is new, so one batch
    assert torch.equal(found[[0, 1, 3]], first[[3, 4, 1]])


def test_an_interruption_loses_one_batch(tmp_path):
    def cut(items, total, label):
        yield from list(items)[:2]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        inverted(MODEL, X0, LEVELS, batch_size=2, cache=tmp_path, watch=cut)
    found, made = calls(tmp_path)
    assert made == len(LEVELS) - 1
    assert torch.equal(found, calls(tmp_path / "other")[0])


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
    path = sorted(tmp_path.iterdir())[0]
    path.write_bytes(path.read_bytes()[:-40] if content is None else content)
    again, made = calls(tmp_path)
    assert made == len(LEVELS) - 1
    assert torch.allclose(first, again, atol=1e-5)
    assert calls(tmp_path)[1] == 0


def test_one_of_another_shape_is_made_anew(tmp_path):
    first, _ = calls(tmp_path)
    path = sorted(tmp_path.iterdir())[0]
    save_file({"latent": torch.zeros(12, 4, 4)}, path)
    assert torch.allclose(first, calls(tmp_path)[0], atol=1e-5)
