"""The paper's comparison: an adapter against optimising each picture's latent, judged alike."""

import time
from collections.abc import Mapping
from typing import Any

import torch

from benchmarks.edits import AIMS, scored
from benchmarks.worlds import held_out
from overpaint import parts
from overpaint.methods import registry
from overpaint.methods.registry import Run, Task
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
    rows, model, photos = {}, load("portraits"), held_out("photos")
    for name, prompt in PROMPTS.items():
        aim = AIMS[name]
        data = photos[aim.applies(photos).nonzero()[:count, 0]]
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
    tasks = [Task(picture, prompt) for picture in pictures.split(1)]
    found = parts.resolve(chosen, model, tasks[0], {}, options=settings)
    made = [registry.perform(chosen, model, task, settings, Run(), found) for task in tasks]
    return torch.cat([outcome.images for outcome in made])
