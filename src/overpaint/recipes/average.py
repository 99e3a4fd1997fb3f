"""The mean of models that were trained from one start (arXiv 2203.05482).

What one CLIP takes for an edit by mistake, the others mostly do not, and so their mean does not.
The running means and variances of norms are averaged like weights.
"""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from overpaint.core.watch import Watch
from overpaint.errors import OptionError
from overpaint.methods.options import opt
from overpaint.models.folders import Folder, fingerprint
from overpaint.models.networks import write_card

WEIGHTS = ".safetensors"


@dataclass(frozen=True)
class Config:
    """Which models."""

    of: str = opt("", "folders of models of one kind, separated by commas")


def run(folder: Path, config: Config, watch: Watch) -> Mapping[str, Any]:
    """Leaves a folder like the first of the models, whose weights are the means of all."""
    members = [Path(name) for name in config.of.split(",") if name]
    if len(members) < 2:
        raise OptionError("An average is of two models or more", hint="-O of=FOLDER,FOLDER")
    if folder.exists() and any(folder.iterdir()):
        raise OptionError(f"{folder} holds something already", hint="Name another with -o.")
    files = [_files(member) for member in members]
    first = files[0]
    for member, other in zip(members, files, strict=True):
        if _told(first) != _told(other):
            what = f"{members[0]} and {member} are not of one kind"
            raise OptionError(what, "their configurations or tokenizers differ")
    weights = [name for name in first if name.endswith(WEIGHTS)]
    means = {
        name: mean([load_file(each[name]) for each in files])
        for name in watch(weights, len(weights), "averaging")
    }
    for name, path in first.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        if name in means:
            save_file(means[name], folder / name, metadata={"format": "pt"})
        else:
            shutil.copyfile(path, folder / name)
    cards = [Folder.at(member).card() for member in members]
    card = {"recipe": "average", "licence": "Apache-2.0", "of": cards}
    if scales := [each["logit_scale"] for each in cards if "logit_scale" in each]:
        card["logit_scale"] = sum(scales) / len(scales)
    write_card(folder, card)
    return card


def _files(member: Path) -> dict[str, Path]:
    """The files of a model by their place in its folder, but for its card and checkpoints."""
    folder = Folder.at(member)
    names = [path.relative_to(member) for path in sorted(member.rglob("*")) if path.is_file()]
    kept = [str(n) for n in names if "checkpoints" not in n.parts and n.name != "card.json"]
    if not any(name.endswith(WEIGHTS) for name in kept):
        raise OptionError(f"{member} holds no weights", hint="Name the folder of a finished run.")
    return {name: folder.file(name) for name in kept}


def _told(files: Mapping[str, Path]) -> dict[str, str]:
    """The names of a model's files, with the hashes of those that are no weights."""
    return {n: "" if n.endswith(WEIGHTS) else fingerprint(path) for n, path in files.items()}


def mean(states: list[dict[str, Tensor]]) -> dict[str, Tensor]:
    """Of tensors of the same names and shapes, as precise as they are; of integers, the first."""
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
