"""The recipes by name; each module has a `Config` of options and a function `run`."""

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from overpaint.core.watch import Watch
from overpaint.errors import OptionError
from overpaint.methods.options import parse_fields, suggest


@dataclass(frozen=True)
class Recipe:
    """A training recipe; its module is imported when it is used.

    The module has `Config`, a frozen dataclass of `opt` fields, and `run(folder, config, watch)`,
    which leaves a model in standard format in the folder and returns the model's card.
    """

    name: str
    title: str
    module: str


_ALL = (
    Recipe("pixel", "the embedded diffusion model of photos", "overpaint.recipes.pixel"),
    Recipe("vae", "the autoencoder of the latent model", "overpaint.recipes.vae"),
    Recipe("latent", "the embedded text-to-image model", "overpaint.recipes.latent"),
    Recipe("clip", "the embedded CLIP, made for guidance", "overpaint.recipes.clip"),
    Recipe("clip-check", "the embedded CLIP that never guides", "overpaint.recipes.clip_check"),
    Recipe("judge", "the classifier that evaluates edits", "overpaint.recipes.judge"),
    Recipe("identity", "the face encoder", "overpaint.recipes.identity"),
    Recipe("average", "the mean of models trained from one start", "overpaint.recipes.average"),
    Recipe("adapters", "the texts that answer at once", "overpaint.recipes.adapters"),
)
RECIPES = {recipe.name: recipe for recipe in _ALL}


def find(name: str) -> Recipe:
    """The recipe of that name."""
    if name not in RECIPES:
        raise OptionError(f"There is no recipe {name!r}", hint=suggest(name, RECIPES))
    return RECIPES[name]


def train(
    recipe: Recipe, folder: Path, given: Mapping[str, Any], watch: Watch
) -> Mapping[str, Any]:
    """Run a recipe with options as data; returns the card of what it made."""
    module = importlib.import_module(recipe.module)
    config = parse_fields(module.Config, given, f"The recipe {recipe.name}")
    card: Mapping[str, Any] = module.run(folder, config, watch)
    return card
