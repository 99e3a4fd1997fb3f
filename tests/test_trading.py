"""The curve of strengths: rising distance, one noise for all, and numbers that are kept."""

import csv
import io

import numpy as np
import pytest
import torch

from overpaint import parts
from overpaint.data.charts import Panel, chart, ticks
from overpaint.errors import OptionError
from overpaint.methods.realism import Gallery
from overpaint.models.families.tiny import tiny
from overpaint.recipes.reals import real_pictures
from overpaint.trading import Curve, Point, tradeoff

from .methods.test_aiming import REAL, Brightness

GUIDES = [np.full((16, 16, 3), value, np.uint8) for value in (40, 200)]


@pytest.fixture(autouse=True)
def _gallery(monkeypatch):
    monkeypatch.setattr(parts, "find_gallery", lambda *asked: Gallery(Brightness, lambda f: REAL))


def curve(guides=GUIDES, **more):
    return tradeoff(guides, model=tiny(), **{"num_inference_steps": 3, **more})


def test_distance_rises_with_strength_and_the_bound_is_above_it():
    found = curve(strengths=(0.6, 0.1, 0.3, 0.3))
    assert [p.strength for p in found.points] == [0.1, 0.3, 0.6]
    near = [p.faithfulness for p in found.points]
    assert near == sorted(near)
    assert all(p.bound > p.faithfulness for p in found.points)
    assert found.knee in (0.1, 0.3, 0.6)


def test_eight_pictures_are_made_unless_told():
    assert (curve(strengths=(0.3,)).pictures, curve(strengths=(0.3,), count=2).pictures) == (8, 4)


def test_one_guide_after_the_other_gets_the_next_seed():
    both, last = curve(strengths=(0.4,), count=1), curve(GUIDES[1:], strengths=(0.4,), count=2)
    assert both.points != last.points
    assert both.points == curve(strengths=(0.4,), count=1).points
    assert both.points != curve(strengths=(0.4,), count=1, seed=5).points


def test_after_repeats_no_bound_is_told():
    assert curve(strengths=(0.2,), repeats=2).points[0].bound is None


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"strengths": (0.2, 1.5)}, r"strength must be in \(0, 1\], got 1.5"),
        ({"strengths": ()}, "no strength is given"),
        ({"faithfulness": 3}, "faithfulness is what the curve shows"),
        ({"guides": []}, "no guide is given"),
        ({"guides": GUIDES[:1], "count": 1}, "two pictures at least"),
        ({"label": 3}, "tiny has no classes"),
    ],
)
def test_bad_input_is_refused(given, said):
    with pytest.raises(OptionError, match=said):
        curve(**given)


def test_a_model_of_other_pictures_needs_a_folder_of_real_ones(tmp_path):
    with pytest.raises(OptionError, match="No real pictures are known for tiny"):
        real_pictures(tiny())
    with pytest.raises(OptionError, match="no such folder"):
        real_pictures(tiny(), str(tmp_path / "none"))


def test_a_table_holds_the_points():
    points = (Point(0.2, 10.0, 3.5, 1e9), Point(0.4, 20.0, 1.5, None))
    rows = list(csv.DictReader(io.StringIO(Curve(points, 0.4, 8).csv())))
    assert rows[1] == {"strength": "0.4", "faithfulness": "20.0", "realism": "1.5", "bound": ""}
    assert float(rows[0]["bound"]) == 1e9


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0.2, 0.8, [0.2, 0.4, 0.6, 0.8]),
        (3, 4870, [0, 1000, 2000, 3000, 4000, 5000]),
        (5, 5, [2, 3, 4, 5, 6, 7, 8]),
        (-0.4, 0.1, [-0.4, -0.3, -0.2, -0.1, 0, 0.1]),
    ],
)
def test_ticks_are_round_and_enclose_the_values(low, high, expected):
    assert ticks(low, high) == expected


def test_a_curve_is_drawn_where_its_values_are():
    image = np.asarray(chart([Panel("t", "x", [0, 1, 2], [5.0, 5.0, float("nan")])])).astype(int)
    blue = np.argwhere(np.abs(image - [31, 95, 168]).max(2) < 10)
    assert (
        blue[:, 0].max() - blue[:, 0].min() < 12
    )  # a level line, and nothing for what is no number
    assert torch.equal(torch.tensor(image.shape), torch.tensor([360, 480, 3]))
