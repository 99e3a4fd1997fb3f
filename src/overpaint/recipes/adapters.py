"""The embedded adapters: the texts that answer at once, each tuned by the recipe diffusionclip."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from overpaint.core.watch import Watch
from overpaint.errors import OptionError
from overpaint.methods.options import opt, suggest
from overpaint.models.networks import write_card
from overpaint.models.zoo import load
from overpaint.recipes import diffusionclip

PHOTO = "a photo of a person"
KEEPING = {
    "l1_weight": 1.0,
    "identity_weight": 0.2,
    "learn": "factors",
    "rank": 12,
    "lr": 3e-3,
    "iterations": 110,
}
"""For what leaves the picture much as it was, and the face of the same person: factors suffice."""


@dataclass(frozen=True)
class Preset:
    """A text worth having at hand: what it is called else, and what its tuning does differently."""

    prompt: str
    source_prompt: str
    aliases: tuple[str, ...]
    options: Mapping[str, Any] = field(default_factory=dict)


PRESETS: dict[str, Preset] = {
    "sketch": Preset(
        "a pencil sketch of a person",
        PHOTO,
        ("a pencil sketch", "pencil sketch", "sketch", "a sketch", "a sketch of a person"),
    ),
    "bronze": Preset(
        "a bronze statue of a person",
        PHOTO,
        ("a bronze statue", "bronze statue", "bronze", "a bronze bust of a person"),
        {"num_inference_steps": 2, "iterations": 105, "edge_weight": 0.4},
    ),
    "neon": Preset(
        "a neon sign of a person",
        PHOTO,
        ("a neon sign", "neon", "neon sign", "a neon portrait of a person", "a person in neon"),
        {"edge_weight": 0.35},
    ),
    "zombie": Preset("a photo of a zombie", PHOTO, ("a zombie", "zombie", "a zombie person")),
    "smiling": Preset(
        "a smiling person",
        "a sad person",
        ("smiling", "smile", "a person smiling", "a person with a smile", "a happy person"),
        {**KEEPING, "iterations": 150, "reach": 1.8, "edge_weight": 0.2},
    ),
    "red-hair": Preset(
        "a person with red hair",
        "a person",
        ("red hair", "a red-haired person", "ginger hair"),
        {**KEEPING, "reach": 0.4},
    ),
}


@dataclass(frozen=True)
class Config:
    """Which of them, over which model."""

    only: str = opt("", "names, separated by commas; all without it")
    model: str = opt("portraits", "the model to tune")
    device: str = opt("auto", "auto, cpu or cuda")
    seed: int = opt(0, "of pictures, order and views", 0)


def run(folder: Path, config: Config, watch: Watch) -> Mapping[str, Any]:
    """Tune every preset that `config` names; leaves one adapter folder each, with its card."""
    model = load(config.model, config.device)
    names = config.only.split(",") if config.only else list(PRESETS)
    if unknown := [name for name in names if name not in PRESETS]:
        raise OptionError(f"There is no preset {unknown[0]!r}", hint=suggest(unknown[0], PRESETS))
    cards = {}
    for name in names:
        preset = PRESETS[name]
        made = diffusionclip.tune(
            model,
            preset.prompt,
            preset.source_prompt,
            folder=folder / name,
            watch=watch,
            seed=config.seed,
            **preset.options,
        )
        card = json.loads((made / "card.json").read_text("utf-8"))
        cards[name] = card | {"title": name, "aliases": list(preset.aliases)}
        write_card(made, cards[name])
    return cards
