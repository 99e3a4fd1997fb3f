"""A tuning ends in time: when nothing rises any more, or too much is lost."""

import pytest

from overpaint.recipes.stopping import RISE, Stopping


def ended(stopping: Stopping, directions: list[float], likeness: float = 0.9) -> tuple[int, str]:
    """The iteration after which it stops, and why; 0 if it goes on."""
    for step, direction in enumerate(directions, 1):
        if why := stopping.reason({"direction": direction, "likeness": likeness}):
            return step, why
    return 0, ""


def test_without_bounds_it_never_stops() -> None:
    assert ended(Stopping(), [0.1] * 300, likeness=-1.0) == (0, "")


def test_a_direction_that_stays_is_waited_for() -> None:
    step, why = ended(Stopping(patience=20), [0.3] * 100)
    assert step == 21
    assert "did not rise above 0.300 for 20 iterations" in why


def test_a_direction_that_rises_slowly_goes_on() -> None:
    rising = [0.1 + 2 * RISE * step / 20 for step in range(400)]
    assert ended(Stopping(patience=20), rising) == (0, "")


def test_one_lucky_batch_is_no_rise() -> None:
    lucky = [0.3] * 30 + [0.6] + [0.3] * 60
    assert 0 < ended(Stopping(patience=40), lucky)[0] <= 30 + 1 + 40


@pytest.mark.parametrize(("likeness", "stops"), [(0.59, True), (0.61, False)])
def test_a_face_that_is_lost_ends_it(likeness: float, stops: bool) -> None:
    step, why = ended(Stopping(likeness_floor=0.6), [0.1] * 50, likeness)
    assert bool(step) is stops
    assert ("fell to 0.590, below 0.6" in why) is stops


def test_what_was_told_before_a_pause_counts_after_it() -> None:
    whole, told = Stopping(patience=20), [{"direction": 0.3, "likeness": 1.0}] * 30
    reasons = [whole.reason(one) for one in told]
    resumed = Stopping(patience=20)
    for one in told[:12]:
        resumed.reason(one)
    assert [resumed.reason(one) for one in told[12:]] == reasons[12:]
