"""The mean of models that were trained from one start (arXiv 2203.05482).

What one CLIP takes for an edit by mistake, the others mostly do not, and so their mean does not.
"""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor

from overpaint.core.watch import Watch
from overpaint.errors import OptionError
from overpaint.methods.options import opt
from overpaint.models.folders import Folder, read_tensors
from overpaint.models.networks import write_card

UNWANTED = shutil.ignore_patterns("checkpoints", "card.json")


@dataclass(frozen=True)
class Config:
    """Which models."""

    of: str = opt("", "folders of models of one kind, separated by commas")


def run(folder: Path, config: Config, watch: Watch) -> Mapping[str, Any]:
    """Leaves a folder like the first of the models, whose weights are the means of all."""
    members = [Path(name) for name in config.of.split(",") if name]
    if len(members) < 2:
        raise OptionError("An average is of two models or more", hint="-O of=FOLDER,FOLDER")
    if (folder / "card.json").exists():
        raise OptionError(f"{folder} holds a model already", hint="Name another with -o.")
    shutil.copytree(members[0], folder, ignore=UNWANTED, dirs_exist_ok=True)
    parts = [path.relative_to(folder) for path in sorted(folder.rglob("*.safetensors"))]
    for part in watch(parts, len(parts), "averaging"):
        files = [Folder.at(member).file(str(part)) for member in members]
        save_file(mean([read_tensors(file) for file in files]), folder / part, {"format": "pt"})
    cards = [Folder.at(member).card() for member in members]
    card = {"recipe": "average", "licence": "Apache-2.0", "of": cards}
    write_card(folder, card)
    return card


def mean(states: list[dict[str, Tensor]]) -> dict[str, Tensor]:
    """Of tensors of the same names and shapes; what is no float is the first's."""
    first, *others = states
    for other in others:
        if {k: v.shape for k, v in first.items()} != {k: v.shape for k, v in other.items()}:
            raise OptionError("The models are not of one kind", "their weights differ in shape")
    return {
        name: torch.stack([state[name].float() for state in states]).mean(0).to(value.dtype)
        if value.is_floating_point()
        else value
        for name, value in first.items()
    }
