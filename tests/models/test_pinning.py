"""Guidance of edits beside pictures that are put back: what is asked, and what is said."""

import pytest
import torch

from overpaint.core.prediction import Prediction
from overpaint.core.schedule import NoiseSchedule
from overpaint.models.conditions import Cond
from overpaint.models.pinning import guided_beside

LEVEL = NoiseSchedule.linear().at(500)
X = torch.arange(1.0, 5.0).view(4, 1, 1, 1)  # two pictures and their edits
COND = Cond(torch.tensor([10.0, 20.0, 30.0, 40.0]).view(4, 1, 1))
EMPTY = Cond(torch.zeros(1, 1, 1))


class Told:
    """A model that says what it was told, plus its state; and remembers the rows it was asked."""

    def __init__(self):
        self.rows = []

    def __call__(self, x, level, cond):
        self.rows.append(len(x))
        return Prediction(x + cond.text.unsqueeze(-1), -x - cond.text.unsqueeze(-1))


def said(nothing, scale, sources):
    model = Told()
    found = guided_beside(nothing, model, COND, scale, sources=sources)(X, LEVEL)
    assert torch.equal(found.eps, -found.x0)
    return found.x0.flatten().tolist(), model.rows


def test_edits_are_guided_and_pictures_are_not():
    # x + empty + scale * (told - empty), with empty 0
    assert said(EMPTY, 2.0, 2) == ([11.0, 22.0, 63.0, 84.0], [6])
    assert said(EMPTY, 2.0, 0) == ([21.0, 42.0, 63.0, 84.0], [8])


@pytest.mark.parametrize(("scale", "sources"), [(1.0, 2), (7.5, 4)])
def test_the_empty_text_is_not_asked_for_nothing(scale, sources):
    assert said(EMPTY, scale, sources) == ([11.0, 22.0, 33.0, 44.0], [4])


def test_each_level_and_each_row_may_have_its_own_empty_text():
    of_rows = Cond(torch.tensor([-1.0, -2.0, -3.0, -4.0]).view(4, 1, 1))
    found, _ = said(lambda level: of_rows if level == LEVEL else EMPTY, 2.0, 2)
    assert found == [11.0, 22.0, 3.0 + 2 * 30 + 3, 4.0 + 2 * 40 + 4]
