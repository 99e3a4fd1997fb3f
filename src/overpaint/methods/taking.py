"""Options that an edit leaves open, as a trajectory that was kept has them."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from overpaint.core.schedule import Schedule
from overpaint.inversions.matching import check_times, strength_of
from overpaint.inversions.registry import find
from overpaint.inversions.trajectory import Trajectory
from overpaint.methods.registry import Method, parse_options
from overpaint.methods.starting import check_path
from overpaint.methods.strength import AUTO, TUNED


def taken(method: Method, given: Mapping[str, Any], kept: Trajectory, schedule: Schedule) -> Any:
    """The method's options as they are given, and else as a kept trajectory has them.

    Raises:
        OptionError: it is of another schedule, or the strength that is given is 0, so that it
            would not be gone back from.
    """
    told = left_open(method.options, given, kept, schedule)
    options = parse_options(method, {**given, **told})
    t0 = getattr(options, "t0", TUNED)
    if options.strength == 0 or (t0 not in (TUNED, AUTO) and float(t0) == 0):
        check_path(kept, schedule.path([0]), schedule)
    return options


def left_open(
    kind: type, given: Mapping[str, Any], kept: Trajectory, schedule: Schedule
) -> dict[str, Any]:
    """What a kept trajectory says of those options of `kind` that are not given.

    Raises:
        OptionError: it is of another schedule.
    """
    check_times(kept, schedule)
    known, key = {field.name: field.metadata["choices"] for field in fields(kind)}, kept.key
    steps = next(name for name in ("num_inversion_steps", "num_inference_steps") if name in known)
    told: dict[str, Any] = {
        "inversion": kept.inversion,
        steps: len(kept.levels) - 1,
        "bridge": "off",  # it would be another picture that is inverted
    }
    if given.get("t0", TUNED) == TUNED:
        told["strength"] = strength_of(kept.levels, schedule)
    if key is not None:
        told["encode_source"] = any(key.texts)
        if any(key.texts) and find(kept.inversion).led:
            told["guidance_scale"] = key.scale
    return {
        name: value
        for name, value in told.items()
        if name in known and name not in given and (not known[name] or value in known[name])
    }
