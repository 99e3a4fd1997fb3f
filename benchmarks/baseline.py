"""The paper's comparison: an adapter against optimising each picture's latent, judged alike."""

import time
from collections.abc import Mapping
from typing import Any

import torch

from benchmarks.edits import AIMS, performed, photos_for, scored
from overpaint import parts
from overpaint.methods import registry
from overpaint.methods.registry import Task
from overpaint.models.bundle import DiffusionModel
from overpaint.models.zoo import load

PROMPTS = {"sketch": "a pencil sketch of a person", "red-hair": "a person with red hair"}
WAYS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "diffusionclip": ("diffusionclip", {}),
    "clip-latent": ("clip-latent", {}),
}
Figures = dict[str, float]


def compared(count: int = 8) -> tuple[Figures, dict[str, torch.Tensor]]:
    """As asked, kept and seconds of each way for each text; rows of sources and their edits."""
    figures: Figures = {}
    rows, model = {}, load("portraits")
    for name, prompt in PROMPTS.items():
        aim = AIMS[name]
        data = photos_for((name,), count)
        made = [data.pictures]
        for way, (method, options) in WAYS.items():
            began = time.perf_counter()
            made.append(edited(model, data.pictures, prompt, method, options))
            found = {**scored(aim, data, made[-1]), "seconds": time.perf_counter() - began}
            found["seconds"] /= len(data)
            figures |= {f"{name}, {way}: {what}": value for what, value in found.items()}
        rows[name] = torch.cat(made)
    return figures, rows


def edited(
    model: DiffusionModel,
    pictures: torch.Tensor,
    prompt: str,
    method: str,
    options: Mapping[str, Any],
) -> torch.Tensor:
    """Pictures `(N, 3, S, S)` edited one by one, with the parts that the method finds."""
    chosen = registry.find(method)
    settings = registry.parse_options(chosen, options)
    found = parts.resolve(chosen, model, Task(pictures[:1], prompt), {}, options=settings)
    return performed(method, model, pictures, prompt, settings, found)
