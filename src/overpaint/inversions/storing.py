"""Trajectories as the bytes of a safetensors file."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from safetensors.torch import save
from torch import Tensor

from overpaint.inversions.trajectory import Trajectory
from overpaint.models.conditions import Cond

FORMAT = "overpaint-trajectory-4"
ENTRY = "overpaint"  # of the file's metadata


def packed(trajectory: Trajectory) -> bytes:
    """The file: every number as it is, and a text that several levels share once."""
    conds, stands = _texts(trajectory)
    key = trajectory.key
    told = {
        "format": FORMAT,
        "inversion": trajectory.inversion,
        "levels": [[level.t, level.alpha, level.sigma] for level in trajectory.levels],
        "settings": dict(trajectory.settings),
        "residual": trajectory.residual,
        "key": None if key is None else asdict(key),
        "empties": stands,
    }
    tensors = _states(trajectory) | {
        f"empty.{i}.{name}": part
        for i, cond in enumerate(conds)
        for name, part in (("text", cond.text), ("pooled", cond.pooled))
        if part is not None
    }
    own = {name: tensor.detach().cpu().clone() for name, tensor in tensors.items()}
    return save(own, metadata={ENTRY: json.dumps(told | {"sha256": digest(told, own)})})


def digest(told: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> str:
    """A hash of all that a file says of itself, and of all numbers under their names."""
    found = hashlib.sha256(json.dumps(told, sort_keys=True).encode())
    for name, tensor in sorted(tensors.items()):
        found.update(f"{name} {tensor.dtype} {list(tensor.shape)}".encode())
        found.update(tensor.contiguous().numpy().tobytes())
    return found.hexdigest()


def _states(trajectory: Trajectory) -> dict[str, Tensor]:
    levels = trajectory.levels
    found = {f"state.{i}": trajectory.states[level] for i, level in enumerate(levels)}
    for i, level in enumerate(levels):
        if level in trajectory.noises:
            found[f"noise.{i}"] = trajectory.noises[level]
    return found if trajectory.pair is None else found | {"pair": trajectory.pair}


def _texts(trajectory: Trajectory) -> tuple[list[Cond], list[int]]:
    """The texts that stand for the empty one, and for each level but the last which it is."""
    known: dict[int, int] = {}
    conds = [
        trajectory.empties[level] for level in trajectory.levels if level in trajectory.empties
    ]
    stands = [known.setdefault(id(cond), len(known)) for cond in conds]
    return [conds[stands.index(number)] for number in range(len(known))], stands
