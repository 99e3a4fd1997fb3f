"""Reference numbers, computed with the authors' own code; see the README that stands with them."""

import json
import zlib
from collections.abc import Sequence
from math import log, prod, sqrt
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

HERE = Path(__file__).parent / "data"
ELSEWHERE = Path(__file__).parents[2] / "shared" / "golden"
PERIOD = 10007


def facts(name: str) -> dict[str, Any]:
    """The json of this name; the test is skipped where it is absent."""
    return json.loads(_find(f"{name}.json").read_text())


def arrays(name: str) -> dict[str, Tensor]:
    """The arrays of this name; the test is skipped where they are absent."""
    return load_file(_find(f"{name}.safetensors"))


def wave(name: str, shape: Sequence[int], q: int = 1) -> Tensor:
    """The wave of this name, float64 in [-1, 1]; `q` is its quadratic phase."""
    key, count = zlib.crc32(name.encode()) % PERIOD, prod(shape)
    squares = torch.arange(PERIOD).square() % PERIOD  # i * i modulo a prime repeats with it
    repeated = squares.repeat(count // PERIOD + 1)[:count]
    phase = 0.5698402909980532 * (key + q * repeated).double()
    i = torch.arange(count, dtype=torch.float64)
    return torch.cos(0.7548776662466927 * i + phase).reshape(tuple(shape))


def noise(name: str, shape: Sequence[int]) -> Tensor:
    """The noise that a wave of this name gives; unit variance, float32."""
    return (sqrt(2) * wave(name, shape)).float()


def filled(state: Sequence[tuple[str, Sequence[int], str]], gain: float, q: int) -> dict:
    """The state dict of a network: each name, shape and kind filled by the wave of its name."""
    return {name: weight(name, shape, kind, q, gain) for name, shape, kind in state}


def weight(name: str, shape: Sequence[int], kind: str, q: int, gain: float) -> Tensor:
    """One tensor of a state dict, float32."""
    if kind == "zero":
        return torch.zeros(tuple(shape), dtype=torch.int64)
    u = wave(name, shape, q)
    values = {
        "matrix": lambda: u * sqrt(2 / max(prod(shape) / shape[0], 1)) * gain,
        "norm": lambda: 1 + 0.1 * u,
        "vector": lambda: 0.05 * u,
        "var": lambda: 1 + 0.5 * u.abs(),
        "emb": lambda: 0.1 * u,
        "logit_scale": lambda: torch.full_like(u, log(1 / 0.07)),
    }
    return values[kind]().float()


def _find(file: str) -> Path:
    for folder in (HERE, ELSEWHERE):
        if (folder / file).exists():
            return folder / file
    pytest.skip(f"the reference numbers {file} are not on this machine")
