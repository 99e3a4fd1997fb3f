"""Tune a diffusion model to a text: directional CLIP, L1 and identity losses (arXiv 2110.02711).

To these come what keeps edits honest: a change has to reach as far as that of the texts, edges stay
in their places, and neighbouring pixels alike.
"""

import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from overpaint.core.watch import Watch, unwatched
from overpaint.errors import OptionError
from overpaint.methods.options import opt, parse_fields
from overpaint.models.augment import Views
from overpaint.models.bundle import DiffusionModel
from overpaint.models.clip import Clip, load_clip
from overpaint.models.identity import FaceEncoder, load_identity
from overpaint.models.networks import hardware
from overpaint.models.tuning import convolving, low_rank, truncated, whole, write_tuned
from overpaint.models.zoo import WEIGHTS
from overpaint.recipes.descent import NOWHERE, Place
from overpaint.recipes.fit import Figures
from overpaint.recipes.losses import directional, figures, misplaced, roughness
from overpaint.recipes.manner import Manner, check, settled
from overpaint.recipes.material import material
from overpaint.recipes.preparing import prepared

SOURCE = "a person"
VIEWS = Views(scale=0.18, turn=0.12, shift=0.10, bend=0.08, colour=0.20, noise=0.25, blur=2.0)


@dataclass(frozen=True)
class Config(Manner):
    """How a model is tuned to a text."""

    clip_weight: float = opt(1.0, "of the directional CLIP loss", 0, 1000)
    reach: float = opt(1.0, "of the text's change that the picture's has to reach", 0, 10)
    l1_weight: float = opt(0.05, "of the mean absolute difference", 0, 1000)
    identity_weight: float = opt(0.0, "of the face encoder's loss", 0, 1000)
    edge_weight: float = opt(0.5, "of edges that leave their places", 0, 1000)
    smooth_weight: float = opt(
        0.1, "of the mean squared difference of neighbouring pixels", 0, 1000
    )
    clip: str = opt("", "folder of the CLIP that guides; the embedded one without it")
    views: int = opt(3, "random views of each picture that CLIP compares", 1, 64)


@dataclass(frozen=True)
class Objective:
    """What an edited picture should be: changed along the text, and otherwise the same."""

    clip: Clip
    face: FaceEncoder
    direction: Tensor
    config: Config

    def __call__(
        self, source: Tensor, edited: Tensor, rng: torch.Generator
    ) -> tuple[Tensor, Figures]:
        """The loss of pictures `(B, 3, H, W)` in [-1, 1] against their sources."""
        settings = self.config
        change = self._change(source, edited, rng)
        with torch.set_grad_enabled(settings.identity_weight > 0):
            likeness = (self.face.embed(edited) * self.face.embed(source)).sum(1)
        terms = {
            "clip": directional(change, self.direction, reach=settings.reach),
            "l1": F.l1_loss(edited, source),
            "identity": (1 - likeness).mean(),
            "edges": misplaced(edited, source),
            "smooth": roughness(edited),
        }
        with torch.no_grad():
            scores = {
                "direction": 1 - directional(change, self.direction),
                "likeness": likeness.mean(),
            }
        total = (
            settings.clip_weight * terms["clip"]
            + settings.l1_weight * terms["l1"]
            + settings.identity_weight * terms["identity"]
            + settings.edge_weight * terms["edges"]
            + settings.smooth_weight * terms["smooth"]
        )
        return total, figures({**terms, **scores})

    def _change(self, source: Tensor, edited: Tensor, rng: torch.Generator) -> Tensor:
        """How CLIP sees the edit, (views * B, D): source and edited picture in the same views."""
        copies = [each.repeat(self.config.views, 1, 1, 1) for each in (source, edited)]
        before, after = VIEWS.alike(copies, rng)
        return self.clip.image(after) - self.clip.image(before)


def text_direction(clip: Clip, source_prompt: str, prompt: str) -> Tensor:
    """The change (D,) from one text to the other.

    Raises:
        OptionError: the texts mean the same to this CLIP.
    """
    with torch.no_grad():
        before, after = clip.text([source_prompt, prompt])
    change = after - before
    if float(change.norm()) < 1e-3:
        raise OptionError(
            f"{prompt!r} and {source_prompt!r} mean the same",
            "their CLIP embeddings agree, so there is no direction to go",
            "Say in the prompt what should change.",
        )
    return change


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
    source_prompt = source_prompt or SOURCE
    guide = Path(config.clip) if config.clip else WEIGHTS / "clip"
    clip = load_clip(guide, model.device, model.dtype)
    face = load_identity(WEIGHTS / "identity", model.device, model.dtype)
    objective = Objective(clip, face, text_direction(clip, source_prompt, prompt), config)
    learnt = material(model, config.images, config.pictures, config.seed, watch)
    made = {"prompt": prompt, "source_prompt": source_prompt, "base": model.hash, "clip": clip.hash}
    net = learning(model, config)
    descent = prepared(
        model,
        net,
        objective,
        learnt.pictures,
        config,
        {**settled(config), **made, "images": learnt.hash},
        strips=place.strips,
        watch=watch,
    )
    prepared_in = time.monotonic() - began
    ended = descent.run(place, watch)
    card = {
        **made,
        "base_name": model.name,
        **asdict(config),
        **made,
        "images": learnt.origin,
        "pictures": len(learnt.pictures),
        "solver": "ddim",
        "seconds": round(prepared_in + ended.seconds, 1),
        "hardware": hardware(),
        **ended.told(),
    }
    if notes := (*learnt.notes, *ended.notes):
        card["notes"] = list(notes)
    if config.learn == "truncated":
        net, card["kept"] = truncated(model, net, config.rank)
    write_tuned(net, folder, card)
    return folder


def learning(model: DiffusionModel, config: Config) -> nn.Module:
    """The copy of the network that is tuned."""
    if config.learn == "factors":
        return low_rank(model, config.rank, config.seed)
    return whole(model) if config.learn == "all" else convolving(model)
