"""Options: what a person types becomes checked data, or a message that helps."""

from dataclasses import dataclass

import pytest

from overpaint.errors import OptionError
from overpaint.methods.options import describe, opt, parse_fields


@dataclass(frozen=True)
class Options:
    """One of each kind."""

    steps: int = opt(50, "how many", 1, 1000)
    strength: float | None = opt(None, "how much", 0, 1)
    solver: str = opt("ddim", "how", choices=("ddim", "ancestral"))
    fresh: bool = opt(True, "whether")


def parsed(**given):
    return parse_fields(Options, given, "The method")


@pytest.mark.parametrize("typed", ["false", "no", "Off", False])
def test_flags_are_words_or_truth_values(typed):
    assert parsed(fresh=typed).fresh is False
    assert parsed(fresh="on").fresh is True


def test_numbers_may_be_typed():
    assert parsed(steps="7", strength="1e-1") == Options(steps=7, strength=0.1)
    assert parsed(steps=7.0).steps == 7


def test_auto_is_nothing_chosen():
    assert parsed(strength="auto") == parsed(strength=None) == Options()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"steps": 0}, r"steps must be a whole number in \[1, 1000\], got 0"),
        ({"steps": "1.5"}, "whole number"),
        ({"steps": None}, "whole number"),
        ({"steps": "auto"}, "whole number"),
        ({"strength": 1.01}, r"a number in \[0, 1\] or auto"),
        ({"strength": "inf"}, "number"),
        ({"strength": True}, "number"),
        ({"strength": [1]}, "number"),
        ({"solver": "DDIM"}, "one of ddim, ancestral"),
        ({"fresh": "maybe"}, "on or off"),
        ({"fresh": 1}, "on or off"),
        ({"stength": 0.5}, "Did you mean 'strength'"),
        ({"zzz": 0.5}, "Known: fresh, solver, steps, strength"),
    ],
)
def test_what_is_not_allowed_is_named(given, said):
    with pytest.raises(OptionError, match=said):
        parsed(**given)


@pytest.mark.parametrize(
    "name", ["strenght", "Strength", "srength", "strngth", "stregnth", "strength_"]
)
def test_misspellings_are_understood(name):
    with pytest.raises(OptionError, match="Did you mean 'strength'"):
        parsed(**{name: 0.5})


def test_ranges_are_words():
    assert describe(float | None, {"low": 0, "high": 1, "choices": ()}) == (
        "a number in [0, 1] or auto"
    )
