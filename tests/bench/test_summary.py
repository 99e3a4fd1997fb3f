"""A table's means are of what has a number, and their intervals hold the mean they are drawn of."""

import math

import numpy as np
import pytest

from overpaint.bench.summary import lines, mean


def test_the_mean_is_of_the_finite_ones():
    found = mean([1.0, 0.0, math.nan, 1.0])
    assert (found.mean, found.count) == (pytest.approx(2 / 3), 3)
    assert found.low <= found.mean <= found.high
    assert mean([]).count == mean([math.nan]).count == 0
    assert math.isnan(mean([]).mean)


def test_equal_numbers_leave_nothing_open():
    found = mean([0.25] * 9)
    assert (found.low, found.high) == (0.25, 0.25)


def test_the_interval_is_that_of_the_normal_for_many():
    values = np.random.default_rng(1).normal(5, 2, size=4000).tolist()
    found = mean(values)
    width = 1.96 * np.std(values) / math.sqrt(len(values))
    assert found.high - found.mean == pytest.approx(width, rel=0.15)
    assert found.mean - found.low == pytest.approx(width, rel=0.15)


def test_the_same_numbers_have_the_same_interval():
    assert mean([0.0, 1.0, 1.0]) == mean([0.0, 1.0, 1.0])


def test_what_failed_is_no_success_and_what_was_left_out_does_not_count():
    rows = [
        {"way": "x", "edit": "a", "success": 1.0, "psnr": None},
        {"way": "x", "edit": "b", "success": 0.0, "error": "no"},
        {"way": "x", "edit": "c", "left_out": "no adapter"},
        {"way": "y", "edit": "a", "success": 0.0, "psnr": 20.0},
    ]
    x, y = lines(rows)
    assert (x.way, x.edits, x.failed, x.left_out) == ("x", 2, 1, 1)
    assert (x.scores["success"].mean, x.scores["success"].count) == (0.5, 2)
    assert x.scores["psnr"].count == 0
    assert y.scores["psnr"].mean == 20
