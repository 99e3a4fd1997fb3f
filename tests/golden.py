"""Reference numbers, computed with the authors' own code; see the README that stands with them."""

import json
import zlib
from collections.abc import Sequence
from math import prod, sqrt
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

HERE = Path(__file__).parent / "data"
ELSEWHERE = Path(__file__).parents[2] / "shared" / "golden"


def facts(name: str) -> dict[str, Any]:
    """The json of this name; the test is skipped where it is absent."""
    return json.loads(_find(f"{name}.json").read_text())


def arrays(name: str) -> dict[str, Tensor]:
    """The arrays of this name; the test is skipped where they are absent."""
    return load_file(_find(f"{name}.safetensors"))


def noise(name: str, shape: Sequence[int]) -> Tensor:
    """The noise that a wave of this name gives; unit variance, float32."""
    key = zlib.crc32(name.encode()) % 10007
    i = torch.arange(prod(shape), dtype=torch.int64)
    phase = 0.5698402909980532 * (key + (i * i) % 10007).double()
    wave = torch.cos(0.7548776662466927 * i.double() + phase)
    return (sqrt(2) * wave).float().reshape(tuple(shape))


def _find(file: str) -> Path:
    for folder in (HERE, ELSEWHERE):
        if (folder / file).exists():
            return folder / file
    pytest.skip(f"the reference numbers {file} are not on this machine")
