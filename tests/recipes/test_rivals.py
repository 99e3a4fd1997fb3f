"""Failed edits: pairs of a photo and what an adapter makes of it, under the labels of the photo."""

from dataclasses import replace

import numpy as np
import pytest

from overpaint.errors import OptionError
from overpaint.models.bundle import Calls
from overpaint.models.families.tiny import tiny
from overpaint.portraits.dataset import Portraits
from overpaint.recipes import rivals

from ..adapters import write_random
from .worlds import one_thread, portraits

MODEL = tiny()


@pytest.fixture(autouse=True)
def _small(tmp_path, monkeypatch):
    """The tiny model in the place of the embedded one, and a cache of its own."""
    one_thread()
    monkeypatch.setattr(rivals, "load", lambda *asked: MODEL)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def photos(count=3):
    data = portraits(count)
    return Portraits(data.pictures[:, :16, :16], data.labels)


def test_every_rival_edits_every_photo(tmp_path, monkeypatch):
    for seed, t0, steps in ((1, 300, 2), (2, 500, 3)):
        write_random(
            MODEL,
            tmp_path / "rivals" / str(seed),
            seed=seed,
            t0=t0,
            base=MODEL.hash,
            num_inference_steps=steps,
        )
    data, model = photos(), replace(MODEL, calls=Calls())
    monkeypatch.setattr(rivals, "load", lambda *asked: model)
    made = rivals.failed_edits(rivals.read_rivals(tmp_path / "rivals"), data)
    assert made.pictures.shape == (12, 16, 16, 3)
    assert model.calls.count == 2 * rivals.STEPS + 2 + 3
    assert np.array_equal(made.pictures[::2], np.tile(data.pictures, (2, 1, 1, 1)))
    assert np.array_equal(made.labels[::2], np.tile(data.labels, (2, 1)))
    assert np.array_equal(made.labels[::2], made.labels[1::2])
    edits = made.pictures[1::2].astype(float)
    assert abs(edits - made.pictures[::2]).mean() > 5
    assert abs(edits[:3] - edits[3:]).mean() > 5


def test_a_folder_without_adapters_is_refused(tmp_path):
    with pytest.raises(OptionError, match="holds no folder of an adapter"):
        rivals.read_rivals(tmp_path)


def test_a_rival_of_another_model_is_refused(tmp_path):
    write_random(MODEL, tmp_path / "rivals" / "one", t0=300, base="another")
    with pytest.raises(OptionError, match="does not belong"):
        rivals.failed_edits(rivals.read_rivals(tmp_path / "rivals"), photos())
