"""Where an edit starts: a trajectory that was kept, one that is remembered, or a new one."""

from collections.abc import Sequence

from torch import Tensor

from overpaint.core.schedule import Level, Schedule
from overpaint.errors import OptionError
from overpaint.inversions.matching import NEAR, check, check_levels, strength_of
from overpaint.inversions.registry import Inversion
from overpaint.inversions.source import Source
from overpaint.inversions.trajectory import Trajectory
from overpaint.methods.registry import Run
from overpaint.methods.remembering import keep, place_of, recalled
from overpaint.models.bundle import DiffusionModel

REMEMBERED = "the fit of {} is from the cache: calls and seconds are without it"
STRAYED = "{} misses a move by {:.2g}: what shall stay may change"
LOOSE = 0.1  # root mean square, where noise has 1


def inverted(
    model: DiffusionModel,
    source: Source,
    x0: Tensor,
    levels: Sequence[Level],
    *,
    inversion: Inversion,
    run: Run,
    kept: Trajectory | None = None,
) -> Trajectory:
    """The way from `x0` (B, ...) up the levels, which descend as for sampling.

    kept: takes its place. What is costly to find is looked for in the run's cache, and kept there.

    Raises:
        OptionError: the kept one is of something else, which is named.
    """
    if kept is not None:
        check(kept, source, x0)
        check_levels(kept, model.schedule)
        _check_way(kept, levels, inversion, model.schedule)
        return kept
    path = place_of(run.cache, model, inversion, source, x0=x0, levels=levels)
    found = None if path is None else recalled(path, source, x0, levels)
    if found is None:
        found = inversion.invert(source, x0, levels, watch=run.watch)
        if path is not None:
            keep(found, path)
    return found


def doubts(trajectory: Trajectory) -> tuple[str, ...]:
    """What to know of an edit that starts from it."""
    name, residual = trajectory.inversion, trajectory.residual or 0
    said = REMEMBERED.format(name), STRAYED.format(name, residual)
    told = trajectory.remembered, residual > LOOSE
    return tuple(note for note, holds in zip(said, told, strict=True) if holds)


def _check_way(
    kept: Trajectory, levels: Sequence[Level], inversion: Inversion, schedule: Schedule
) -> None:
    """Refuses another inversion, and levels that are not those asked for.

    Raises:
        OptionError: the trajectory is of them.
    """
    if kept.inversion != inversion.name:
        why = f"{kept.inversion}, not {inversion.name}"
        hint = f"Invert the picture again, by {inversion.name}."
        raise OptionError("the trajectory is of another inversion", why, hint)
    check_path(kept, levels, schedule)


def check_path(kept: Trajectory, levels: Sequence[Level], schedule: Schedule) -> None:
    """Refuses levels that are not those asked for.

    Raises:
        OptionError: the trajectory is of them.
    """
    pairs = zip(kept.levels, levels, strict=False)
    apart = (max(abs(a.alpha - b.alpha), abs(a.sigma - b.sigma)) for a, b in pairs)
    if len(kept.levels) != len(levels) or max(apart) > NEAR:
        then, now = (_told(each, schedule) for each in (kept.levels, levels))
        why = f"{then}, not {now}" if then != now else "its levels are spaced otherwise"
        hint = "Leave out the number of steps and the strength, or invert the picture again."
        raise OptionError("the trajectory is of another path", why, hint)


def _told(levels: Sequence[Level], schedule: Schedule) -> str:
    return f"{len(levels) - 1} steps from strength {strength_of(levels, schedule):.4g}"
