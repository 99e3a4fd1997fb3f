"""Options are compared edit by edit, and better is what is surely so."""

import pytest

from overpaint.bench.sweeping import combinations, tried
from overpaint.errors import OptionError


def rows(way, done, kept=1.0, psnr=20.0):
    return [
        {"way": way, "edit": str(i), "success": float(each), "kept": kept, "psnr": psnr}
        for i, each in enumerate(done)
    ]


def test_every_combination_comes_once_and_the_default_first():
    grid = {"strength": ["0.5", "0.6"], "num_inference_steps": ["50", "20"]}
    found = combinations("sdedit", "tiny-text", grid)
    options = [dict(way.options) for way in found]
    assert options == [
        {},
        {"num_inference_steps": "20"},
        {"strength": "0.6"},
        {"strength": "0.6", "num_inference_steps": "20"},
    ]


def test_what_the_method_does_not_have_is_refused():
    with pytest.raises(OptionError):
        combinations("sdedit", "tiny-text", {"strenght": ["0.5"]})
    with pytest.raises(OptionError):
        combinations("sdedit", "tiny-text", {"strength": ["5"]})


def test_a_sure_gain_is_better_and_luck_is_not():
    found = tried(
        [
            *rows("default", [0, 1] * 10),
            *rows("sure", [1] * 20),
            *rows("luck", [0, 1] * 9 + [1, 1]),
            *rows("worse", [0] * 20),
        ],
        "default",
    )
    assert [one.way for one in found] == ["sure", "luck", "default", "worse"]
    assert [one.better for one in found] == [True, False, False, False]
    assert found[0].gain.mean == 0.5
    assert found[2].gain == found[2].gain.__class__(0, 0, 0, 20)


def test_an_edit_counts_by_what_it_keeps_and_not_at_all_where_it_failed():
    failed = {"way": "x", "edit": "1", "success": 0.0, "error": "no"}
    (found,) = tried([*rows("x", [1], kept=0.5), failed], "x")
    assert found.overall.mean == 0.25


def test_gains_are_of_edits_that_both_made():
    found = {one.way: one for one in tried([*rows("a", [0, 0]), *rows("b", [1, 1, 1])], "a")}
    assert found["b"].gain.count == 2
    assert found["b"].overall.count == 3


def test_what_is_surely_further_from_the_truth_is_not_better():
    far, near = rows("far", [1] * 20, psnr=19.0), rows("near", [1] * 20, psnr=21.0)
    found = {one.way: one for one in tried([*rows("default", [0] * 20), *far, *near], "default")}
    assert (found["far"].gain.low, found["far"].nearer.mean, found["far"].better) == (1, -1, False)
    assert (found["near"].nearer.mean, found["near"].better) == (1, True)


def test_few_edits_say_nothing():
    found = {one.way: one for one in tried([*rows("a", [0] * 9), *rows("b", [1] * 9)], "a")}
    assert (found["b"].gain.low, found["b"].better) == (1, False)
    assert [way for way, one in found.items() if one.default] == ["a"]
