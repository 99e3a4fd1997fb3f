"""Options that an edit leaves open, as a trajectory that was kept has them."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from overpaint.core.schedule import Schedule
from overpaint.inversions.matching import check_times
from overpaint.inversions.registry import find
from overpaint.inversions.trajectory import Trajectory
from overpaint.methods.strength import TUNED


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
        told["strength"] = kept.levels[0].t / (len(schedule) - 1)
    if key is not None:
        told["encode_source"] = any(key.texts)
        if any(key.texts) and find(kept.inversion).led:
            told["guidance_scale"] = key.scale
    return {
        name: value
        for name, value in told.items()
        if name in known and name not in given and (not known[name] or value in known[name])
    }
