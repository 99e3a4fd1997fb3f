"""Trajectories out of files that may come from anyone: shapes and numbers are checked."""

import json
import math
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from torch import Tensor

from overpaint.core.schedule import LONGEST, Level
from overpaint.errors import UnsafeFileError
from overpaint.inversions.registry import INVERSIONS
from overpaint.inversions.storing import ENTRY, FORMAT, digest
from overpaint.inversions.trajectory import Key, Trajectory
from overpaint.models.conditions import Cond
from overpaint.models.folders import JSON_BYTES, Shapes, read_shapes

PRECISIONS = ("float32", "bfloat16", "float16")
MOST_TEXT, MOST_TEXTS = 20_000, 4096
# What the way back of some inversions cannot do without.
NEEDED = {
    "edict": ("pair", "mix"),
    "bdia": ("pair", "gamma"),
    "edit-friendly": ("noise.0", "room"),
    "null-text": ("empty.0.text",),
    "negative-prompt": ("empty.0.text",),
}
LEAST_MIX = 0.5  # of edict: with less, a state would keep less of itself than of the other


def unpacked(path: Path, device: torch.device | str = "cpu") -> Trajectory:
    """The trajectory that `storing.packed` made the file `path` of.

    Raises:
        UnsafeFileError: the file is damaged, or was made by something else.
    """
    shapes = read_shapes(path)
    try:
        with safe_open(path, framework="pt") as file:
            told = _told((file.metadata() or {}).get(ENTRY, ""))
            sha256 = told.pop("sha256")  # of all the rest
            levels, stands = _levels(told), _stands(told)
            _check_shapes(shapes, levels, stands)
            tensors = {name: file.get_tensor(name) for name in shapes}
        if digest(told, tensors) != sha256:
            raise ValueError("it does not hold what was written")
        tensors = {name: _finite(name, tensor, device) for name, tensor in tensors.items()}
        return _restored(told, levels, stands, tensors)
    except (ArithmeticError, LookupError, TypeError, ValueError, RecursionError) as error:
        raise UnsafeFileError(f"{path} holds no sound trajectory", f"{error}"[:200]) from error


def _restored(
    told: Mapping[str, Any],
    levels: tuple[Level, ...],
    stands: list[int],
    tensors: Mapping[str, Tensor],
) -> Trajectory:
    conds = [
        Cond(tensors[f"empty.{i}.text"], tensors.get(f"empty.{i}.pooled"))
        for i in range(len(set(stands)))
    ]
    noises = {level: tensors.get(f"noise.{i}") for i, level in enumerate(levels[:-1])}
    return Trajectory(
        states={level: tensors[f"state.{i}"] for i, level in enumerate(levels)},
        levels=levels,
        residual=None if told["residual"] is None else _number(told["residual"]),
        noises={level: noise for level, noise in noises.items() if noise is not None},
        pair=tensors.get("pair"),
        empties={level: conds[i] for level, i in zip(levels[:-1], stands, strict=False)},
        settings={str(name): _share(name, value) for name, value in told["settings"].items()},
        inversion=_inversion(told, tensors),
        key=_key(told["key"]),
    )


def _told(text: str) -> dict[str, Any]:
    if len(text) > JSON_BYTES:
        raise ValueError("what it says of itself is too long")
    if not text:
        raise ValueError("it is no trajectory of `overpaint invert --save`")
    told = json.loads(text)
    if not isinstance(told, dict) or told.get("format") != FORMAT:
        raise ValueError(f"it is not of the format {FORMAT}")
    if not isinstance(told["settings"], dict):
        raise ValueError("its settings are none")
    if not isinstance(told["key"], dict):
        raise ValueError("it does not say which model and text it is of")
    return told


def _levels(told: Mapping[str, Any]) -> tuple[Level, ...]:
    rows = told["levels"]
    if not isinstance(rows, list) or not 2 <= len(rows) <= LONGEST:
        raise ValueError("it has no levels")
    levels = tuple(Level(*(_number(value) for value in row)) for row in rows)
    if any(min(lv.alpha, lv.sigma) < 0 or max(lv.alpha, lv.sigma) == 0 for lv in levels):
        raise ValueError("a level is of no path")
    if any(here.log_snr >= there.log_snr for here, there in pairwise(levels)):
        raise ValueError("its levels do not descend")
    return levels


def _key(told: Mapping[str, Any]) -> Key:
    model, texts = told["model"], told["texts"]
    if not isinstance(texts, list) or len(texts) > MOST_TEXTS:
        raise ValueError("its texts are none")
    if not all(isinstance(text, str) and len(text) <= MOST_TEXT for text in (model, *texts)):
        raise ValueError("a text is too long, or none")
    if told["dtype"] not in list(PRECISIONS):
        raise ValueError(f"the precision {told['dtype']!r:.40} is not known")
    return Key(model, tuple(texts), _number(told["scale"]), told["dtype"])


def _inversion(told: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> str:
    """Its name, if all is there that its way back needs."""
    name = told["inversion"]
    if not isinstance(name, str) or name not in INVERSIONS:
        raise ValueError(f"the inversion {name!r:.40} is not known")
    unguided = name == "null-text" and told["key"].get("scale") == 1  # then nothing is fitted
    needed = () if unguided else NEEDED.get(name, ())
    missing = [each for each in needed if each not in {*tensors, *told["settings"]}]
    if missing:
        raise ValueError(f"{missing[0]} is missing")
    return name


def _stands(told: Mapping[str, Any]) -> list[int]:
    """Which of the texts stands for the empty one at each level but the last; empty without any."""
    stands = [int(number) for number in told["empties"]]
    if sorted(set(stands)) != list(range(len(set(stands)))):
        raise ValueError("its texts are not numbered")
    if stands and len(stands) != len(told["levels"]) - 1:
        raise ValueError("a level has no text")
    return stands


def _check_shapes(shapes: Shapes, levels: tuple[Level, ...], stands: list[int]) -> None:
    """Refuses tensors that are missing, of another shape, or too many."""
    state = shapes.get("state.0", ())
    want = {f"state.{i}": state for i in range(len(levels))}
    if "noise.0" in shapes:
        want |= {f"noise.{i}": state for i in range(len(levels) - 1)}
    want |= {"pair": (2, *state)} if "pair" in shapes else {}
    for i in set(stands):
        for name, dims in ((f"empty.{i}.text", 3), (f"empty.{i}.pooled", 2)):
            found = shapes.get(name, ())
            fits = len(found) == dims and found[0] in (1, *state[:1])
            want |= {name: found if fits else ()} if found or dims == 3 else {}
    wrong = [
        name for name in {**want, **shapes} if not want.get(name) or want[name] != shapes.get(name)
    ]
    if wrong or len(state) != 4 or not math.prod(state):
        name = wrong[0] if wrong else "state.0"
        raise ValueError(
            f"the tensor {name!r:.60} is missing, has no place, or is of a wrong shape"
        )


def _finite(name: str, tensor: Tensor, device: torch.device | str) -> Tensor:
    if tensor.dtype not in (torch.float32, torch.float64) or not bool(tensor.isfinite().all()):
        raise ValueError(f"the tensor {name!r:.60} is not of finite numbers")
    return tensor.to(device, copy=True)


def _share(name: str, value: Any) -> float:
    share = _number(value)
    if not 0 <= share <= 1 or (share == 0 and name != "room"):
        raise ValueError(f"its {name!r:.40} is {share:g}, expected a share of 1")
    if name == "mix" and share <= LEAST_MIX:
        raise ValueError(f"its 'mix' is {share:g}, expected more than {LEAST_MIX:g}")
    return share


def _number(value: Any) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
        raise ValueError(f"{value!r:.40} is no number")
    return float(value)
