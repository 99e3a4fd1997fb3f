"""Tune a diffusion model to a text (arXiv 2110.02711)."""

import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from torch import nn

from overpaint.core.watch import Watch, unwatched
from overpaint.errors import OptionError
from overpaint.methods.options import parse_fields
from overpaint.models.bundle import DiffusionModel
from overpaint.models.networks import hardware
from overpaint.models.tuning import convolving, low_rank, truncated, whole, write_tuned
from overpaint.recipes.descent import NOWHERE, Ended, Place
from overpaint.recipes.manner import Manner, check, settled
from overpaint.recipes.material import Material, material
from overpaint.recipes.objective import NONE, Aims, objective
from overpaint.recipes.preparing import prepared

SOURCE = "a person"


@dataclass(frozen=True)
class Config(Aims, Manner):
    """How a model is tuned to a text: the manner, and what it aims at."""


def tune(
    model: DiffusionModel,
    prompt: str,
    source_prompt: str = "",
    *,
    folder: Path,
    place: Place = NOWHERE,
    watch: Watch = unwatched,
    **options: Any,
) -> Path:
    """Write to `folder` the adapter that makes `model` draw what `prompt` says."""
    began, config = time.monotonic(), parse_fields(Config, options, "Tuning")
    check(config)
    if config.likeness_floor and config.identity == NONE:
        raise OptionError("likeness_floor needs a face encoder", "identity is none")
    texts = {"prompt": prompt, "source_prompt": source_prompt or SOURCE}
    kind: dict[str, Any] = {"size": model.size, "device": model.device, "dtype": model.dtype}
    wanted = objective(config, *texts.values(), **kind)
    learnt = material(model, config.images, config.pictures, config.seed, watch)
    wanted = wanted.over(learnt.pictures)
    made = {**texts, "base": model.hash, **wanted.described()}
    net = learning(model, config)
    descent = prepared(
        model,
        net,
        wanted,
        learnt.pictures,
        config,
        {**settled(config), **made, "images": learnt.hash},
        strips=place.strips,
        watch=watch,
    )
    prepared_in = time.monotonic() - began
    ended = descent.run(place, watch)
    card = {"base_name": model.name, **asdict(config), **made, **_told(learnt, ended)}
    card["seconds"] = round(prepared_in + ended.seconds, 1)
    if config.learn == "truncated":
        net, card["kept"] = truncated(model, net, config.rank)
    write_tuned(net, folder, card)
    return folder


def _told(learnt: Material, ended: Ended) -> dict[str, Any]:
    """What a card says of the pictures, and of how it went."""
    notes = [*learnt.notes, *ended.notes]
    return {
        "images": learnt.origin,
        "pictures": len(learnt.pictures),
        "solver": "ddim",
        "hardware": hardware(),
        **ended.told(),
        **({"notes": notes} if notes else {}),
    }


def learning(model: DiffusionModel, config: Config) -> nn.Module:
    """The copy of the network that is tuned."""
    if config.learn == "factors":
        return low_rank(model, config.rank, config.seed)
    return whole(model) if config.learn == "all" else convolving(model)
