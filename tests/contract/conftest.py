"""Every registered method on a tiny random model: options that make it quick, parts that fit it."""

from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from overpaint import parts
from overpaint.methods import registry
from overpaint.methods.registry import Method, Outcome, Run, Task
from overpaint.models.bundle import DiffusionModel
from overpaint.models.clip import Clip, load_clip
from overpaint.models.control import Adapter, read_adapter
from overpaint.models.identity import FaceEncoder, load_identity
from overpaint.models.zoo import load

from ..adapters import write_random
from ..folders import write_clip, write_identity

STEPS = 4
FEW = {"iterations": 1, "lr": 0.5}  # one step of an optimiser, and a far one
WIDE = {"threshold": 0.3, "num_maps_per_mask": 4}  # of a mask that is found: most of the picture


@cache
def adapter(model: str = "tiny") -> Adapter:
    """A random adapter of a tiny model."""
    with TemporaryDirectory() as folder:
        return read_adapter(write_random(load(model), Path(folder), t0=500))


@cache
def clip() -> Clip:
    """A random CLIP of small pictures."""
    with TemporaryDirectory() as folder:
        return load_clip(write_clip(Path(folder)))


@cache
def identity() -> FaceEncoder:
    """A random face encoder."""
    with TemporaryDirectory() as folder:
        return load_identity(write_identity(Path(folder)))


PARTS = {"adapter": adapter, "clip": clip, "identity": identity}


@dataclass(frozen=True)
class Case:
    """A method with what it needs to run."""

    method: Method

    @property
    def named(self) -> str:
        """The model that it is tried on."""
        return "tiny-text" if self.method.reads else "tiny"

    @property
    def model(self) -> DiffusionModel:
        """The same, loaded."""
        return load(self.named)

    @property
    def quick(self) -> dict[str, Any]:
        """Few steps."""
        names = self.method.options.__dataclass_fields__
        steps = {name: STEPS for name in names if name.endswith("_steps")}
        few = FEW | (WIDE if self.method.finds else {})
        return steps | {name: value for name, value in few.items() if name in names}

    @property
    def varied(self) -> dict[str, Any]:
        """Few steps, and each seed with a picture of its own where the method can do that."""
        names = self.method.options.__dataclass_fields__
        return self.quick | ({"bridge": "on"} if "bridge" in names else {})

    @property
    def source(self) -> dict[str, str]:
        """What the picture shows, for a method that has to be told."""
        return {"source_prompt": "a photo"} if "source_prompt" in self.method.needs else {}

    def several(self, count: int) -> int:
        """How many pictures `count` seeds make under `varied`."""
        return count if self.run(**self.varied).chance else 1

    def task(self, mask: torch.Tensor | None = None, size: int = 16) -> Task:
        """A smooth picture, with texts for those who need some."""
        rows = torch.linspace(-0.8, 0.8, size).view(1, 1, size, 1)
        image = (rows * torch.tensor([1.0, 0.5, -1.0]).view(1, 3, 1, 1)).expand(1, 3, size, size)
        return Task(image.contiguous(), "a sketch", "a photo", mask)

    def run(
        self,
        *seeds: int,
        model: DiffusionModel | None = None,
        task: Task | None = None,
        **more: Any,
    ) -> Outcome:
        """Perform the method."""
        how = Run(seeds or (0,), more.pop("watch", Run().watch))
        options = registry.parse_options(self.method, {**self.quick, **more})
        model, asked = model or self.model, task or self.task()
        with_parts = {name: PARTS[name]() for name in self.needed(options, model)}
        return registry.perform(self.method, model, asked, options, how, with_parts)

    def needed(self, options: Any, model: DiffusionModel | None = None) -> set[str]:
        """The parts that an edit takes."""
        idle = self.method.spares(options, model or self.model)
        return {*self.method.parts, *self.method.extra(options)} - {*idle}


@pytest.fixture(params=sorted(registry.methods()))
def case(request):
    return Case(registry.find(request.param))


@pytest.fixture
def with_tiny_parts(monkeypatch):
    """`edit` finds the tiny parts instead of embedded ones."""
    found = {name: lambda *asked, make=make: make() for name, make in PARTS.items()}
    monkeypatch.setattr(parts, "_RESOLVERS", found)


@pytest.fixture
def photo():
    """A picture of an odd size and aspect."""
    pixels = np.random.default_rng(0).integers(0, 256, (37, 23, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


def damaged(model: DiffusionModel, value: float = float("nan")) -> DiffusionModel:
    """The model with one bad number in its weights."""
    with torch.no_grad():
        model.net.get_parameter("mid_block.resnets.0.conv1.weight")[0, 0, 0, 0] = value
    return replace(model)
