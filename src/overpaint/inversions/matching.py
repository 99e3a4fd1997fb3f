"""Whether a trajectory that was kept is of what is at hand now."""

from collections.abc import Sequence

from torch import Tensor

from overpaint.core.schedule import Level, Schedule
from overpaint.errors import OptionError
from overpaint.inversions.registry import find
from overpaint.inversions.source import Source
from overpaint.inversions.trajectory import Trajectory
from overpaint.models.conditions import Cond

CLOSE = 0.02  # largest difference of two encodings of a picture, by other devices and batches
NEAR = 1e-6  # of alpha and sigma, by which levels differ that were reckoned twice
AGAIN = "Invert the picture again."
SAME = "Give that source prompt, or invert the picture again."


def check(trajectory: Trajectory, source: Source, x0: Tensor) -> None:
    """Refuses a trajectory of another model, precision, source prompt, guidance or picture.

    Raises:
        OptionError: it is; the first of them is named.
    """
    then, now = trajectory.key, source.key
    if then is not None and now is not None:
        _check(then.model == now.model, "model", f"weights {then.model}, not {now.model}")
        why = f"{_said(then.texts)}, not {_said(now.texts)}"
        _check(same_texts(then.texts, now.texts), "source prompt", why, SAME)
        _check(then.dtype == now.dtype, "precision", f"{then.dtype}, not {now.dtype}")
        led = find(trajectory.inversion).led
        why = f"{then.scale:g}, not {now.scale:g}"
        _check(not led or then.scale == now.scale, "scale of guidance", why)
    if source.empty is not None:
        _check_texts(trajectory, source.empty)
    found, wanted = (tuple(each.shape) for each in (trajectory.picture, x0))
    _check(found == wanted, "picture", f"its size is {found}, not {wanted}")
    apart = float((trajectory.picture.to(x0) - x0).abs().max())
    _check(apart <= CLOSE, "picture", f"it differs by {apart:.2g}")


def check_times(trajectory: Trajectory, schedule: Schedule) -> None:
    """Refuses times that the schedule does not have.

    Raises:
        OptionError: there is one.
    """
    times, end = [level.t for level in trajectory.levels], len(schedule) - 1
    why = f"its times are in [{min(times):g}, {max(times):g}], the model's in [-1, {end}]"
    _check(min(times) >= -1 and max(times) <= end, "schedule", why)


def check_levels(trajectory: Trajectory, schedule: Schedule) -> None:
    """Refuses levels that are not those of the schedule at their times.

    Raises:
        OptionError: one is not.
    """
    check_times(trajectory, schedule)
    for level in trajectory.levels:
        own = schedule.at(level.t)
        apart = max(abs(own.alpha - level.alpha), abs(own.sigma - level.sigma))
        why = f"at time {level.t:g} its noise is {level.sigma:.3g}, the model's {own.sigma:.3g}"
        _check(apart <= NEAR, "schedule", why)


def same_texts(some: Sequence[str], others: Sequence[str]) -> bool:
    """Whether texts say the same one by one; how many blanks part their words says nothing."""
    return [text.split() for text in some] == [text.split() for text in others]


def strength_of(levels: Sequence[Level], schedule: Schedule) -> float:
    """The fraction of a schedule's path at which descending levels begin."""
    return levels[0].t / (len(schedule) - 1)


def _check_texts(trajectory: Trajectory, empty: Cond) -> None:
    """Refuses texts of another shape than the model's own (1, L, D) and (1, P)."""
    for cond in {id(each): each for each in trajectory.empties.values()}.values():
        for theirs, ours in ((cond.text, empty.text), (cond.pooled, empty.pooled)):
            shapes = [None if part is None else tuple(part.shape[1:]) for part in (theirs, ours)]
            why = f"its texts are of shape {shapes[0]}, not {shapes[1]}"
            _check(shapes[0] == shapes[1], "text encoder", why)


def _said(texts: tuple[str, ...]) -> str:
    return " / ".join(repr(text) for text in texts)[:80] or "none"


def _check(same: bool, what: str, why: str, hint: str = AGAIN) -> None:
    if not same:
        raise OptionError(f"the trajectory is of another {what}", why, hint)
