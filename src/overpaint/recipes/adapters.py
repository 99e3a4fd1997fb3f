"""The embedded adapters: the texts that answer at once, each tuned by the recipe diffusionclip."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from overpaint.core.watch import Watch
from overpaint.methods.options import opt
from overpaint.models.networks import write_card
from overpaint.models.zoo import load
from overpaint.recipes import diffusionclip
from overpaint.recipes.presets import PORTRAITS, find


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
    names = config.only.split(",") if config.only else list(PORTRAITS)
    wanted = {name: find(name, "portraits") for name in names}
    cards = {}
    for name, preset in wanted.items():
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
