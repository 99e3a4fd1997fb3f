"""One t0 for several pictures."""

import pytest
import torch

from overpaint import parts
from overpaint.errors import OptionError
from overpaint.methods.shares import Share
from overpaint.methods.strength import Scorer, Wish
from overpaint.models.control import read_adapter
from overpaint.models.families.tiny import tiny
from overpaint.searching import find_t0

from .adapters import write_random


class Faces:
    """Tells pictures apart by the mean of their first channel."""

    def embed(self, images):
        angle = images[:, 0].mean(dim=(1, 2))
        return torch.stack([angle.cos(), angle.sin()], dim=1)


@pytest.fixture
def adapter(tmp_path, monkeypatch):
    scorer = Scorer(Faces, lambda: pytest.fail("a CLIP was loaded"))
    monkeypatch.setitem(parts._RESOLVERS, "scorer", lambda *asked: scorer)
    folder = write_random(tiny(), tmp_path / "a", base=tiny().hash, num_inference_steps=2)
    return read_adapter(folder)


def pictures(count):
    rng = torch.Generator().manual_seed(0)
    return list(torch.rand(count, 3, 20, 12, generator=rng))


def test_pictures_are_searched_together(adapter):
    found = find_t0(pictures(3), "x", identity=0.99, model="tiny", adapter=adapter)
    assert found.wish == Wish("identity", 0.99)
    assert found.reached == (found.score >= 0.99)
    assert 50 <= found.t0 <= 799
    alone = find_t0(pictures(1), "x", identity=0.99, model="tiny", adapter=adapter)
    assert alone.score != found.score


def test_what_cannot_be_searched_is_refused(adapter):
    how = {"model": "tiny", "adapter": adapter}
    with pytest.raises(OptionError, match="no picture"):
        find_t0([], "x", **how)
    with pytest.raises(OptionError, match="masks"):
        find_t0(pictures(1), "x", model="tiny", adapter=Share(adapter, mask=pictures(1)[0]))
    with pytest.raises(OptionError, match="both"):
        find_t0(pictures(1), "x", identity=0.5, direction=0.5, **how)
    with pytest.raises(OptionError, match="no option"):
        find_t0(pictures(1), "x", strenght=0.5, **how)
