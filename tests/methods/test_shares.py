"""Adapters as they are asked for: names, weights that change along the path, masks."""

from pathlib import Path

import pytest

from overpaint.errors import OptionError
from overpaint.methods.shares import Curve, Share, listed, parsed, weight_of
from overpaint.models.control import Adapter


@pytest.mark.parametrize(
    ("text", "share"),
    [
        ("red-hair", Share("red-hair")),
        ("red-hair:0.6", Share("red-hair", 0.6)),
        ("red-hair:-1.5", Share("red-hair", -1.5)),
        ("hat:1@mask.png", Share("hat", 1.0, "mask.png")),
        ("hat@in a/mask.png", Share("hat", 1.0, "in a/mask.png")),
        ("runs/clay:2", Share("runs/clay", 2.0)),
        ("C:\\runs\\clay", Share("C:\\runs\\clay")),
        ("a clay figure", Share("a clay figure")),
        ("x:300=0.4,0=0.15", Share("x", Curve(((300.0, 0.4), (0.0, 0.15))))),
        ("x:500=0..0=1", Share("x", Curve(((500.0, 0.0), (0.0, 1.0)), line=True))),
    ],
)
def test_shares_are_read_as_typed(text, share):
    assert parsed(text) == share
    if isinstance(share.weight, Curve):
        assert weight_of(str(share.weight)) == share.weight


def test_a_folder_that_is_there_is_taken_by_its_whole_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("12:30").mkdir()
    assert parsed("12:30") == Share("12:30")
    assert parsed("./12:30:0.5") == Share("./12:30", 0.5)


def test_python_gives_adapters_in_many_forms():
    adapter = Adapter({})
    given = ["red-hair", ("smiling", 0.5), Share("hat", "300=1,0=0"), Path("runs/clay"), adapter]
    curve = Curve(((300.0, 1.0), (0.0, 0.0)))
    shares = (Share("red-hair"), Share("smiling", 0.5), Share("hat", curve))
    assert listed(given) == (*shares, Share(Path("runs/clay")), Share(adapter))
    assert listed("red-hair") == listed(("red-hair", 1)) == (Share("red-hair"),)
    assert listed(("red-hair", "smiling")) == (Share("red-hair"), Share("smiling"))
    assert listed([("x", {0: 0.15, 300: 0.4})])[0].weight == Curve(((300.0, 0.4), (0.0, 0.15)))


def test_a_step_holds_from_its_time_up_as_the_authors_have_it():
    curve = weight_of("300=0.4,100=0.15")
    assert [curve(t) for t in (999, 300, 299.9, 100, 99)] == [0.4, 0.4, 0.15, 0.15, 0.0]


def test_a_line_is_straight_and_goes_on_as_it_ends():
    line = weight_of("500=0..100=1..0=0.5")
    assert [line(t) for t in (999, 500, 300, 100, 50, 0, -1)] == [0, 0, 0.5, 1, 0.75, 0.5, 0.5]


@pytest.mark.parametrize(
    "text",
    [
        *("x:nan", "x:inf", "x:11", "x:many", "x:", "x:300=", "x:300=nan", "x:-5=1"),
        *("x:0=1,300=1", "x:300=1,300=2", "x:1=2=3", ":0.5", "x:1@", "@mask.png", ""),
    ],
)
def test_what_is_no_share_is_refused(text):
    with pytest.raises(OptionError):
        listed(text)


@pytest.mark.parametrize("given", [[], 5, [None], ("x", [1])])
def test_what_is_no_adapter_is_refused(given):
    with pytest.raises(OptionError):
        listed(given)
