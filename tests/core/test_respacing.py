"""Respaced paths say where they lead, and refuse what there is not."""

import pytest

from overpaint.core.respacing import respaced, space_timesteps
from overpaint.core.schedule import CLEAN, NoiseSchedule
from overpaint.errors import OptionError

SCHEDULE = NoiseSchedule.linear()


def test_sections_are_covered_from_end_to_end():
    assert space_timesteps(30, "2,1,3") == (0, 9, 10, 20, 24, 29)


def test_skipped_steps_are_those_of_the_most_noise():
    whole = respaced(SCHEDULE, "100")
    assert whole[-1] == CLEAN
    assert respaced(SCHEDULE, "100", 25) == whole[25:]


@pytest.mark.parametrize("spec", ["", "ddim", "1.5", "10,", "-3", "0", "ddim10,10", "many", "²"])
def test_what_cannot_be_read_is_refused(spec):
    with pytest.raises(OptionError, match="respacing cannot be read"):
        space_timesteps(1000, spec)


@pytest.mark.parametrize("spec", ["1001", "500,501", "ddim999"])
def test_more_than_there_is_is_refused(spec):
    with pytest.raises(OptionError, match=r"steps|stride"):
        space_timesteps(1000, spec)


@pytest.mark.parametrize("skip", [-1, 25])
def test_a_path_has_a_step_left(skip):
    with pytest.raises(OptionError, match=r"skip must be in \[0, 24\]"):
        respaced(SCHEDULE, "25", skip)
