"""Edits that failed: what adapters make of photos that pleased an earlier CLIP but are no edits."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from overpaint.core.schedule import below
from overpaint.core.solvers import last, solve
from overpaint.core.watch import Watch, unwatched
from overpaint.errors import OptionError
from overpaint.methods.combining import as_blend
from overpaint.methods.plans import Options, step_counts
from overpaint.models.control import Adapter, adapted, check_base, read_adapter
from overpaint.models.zoo import load
from overpaint.portraits.dataset import Portraits
from overpaint.recipes.latents import inverted
from overpaint.recipes.training import images

STEPS = 12  # of the inversion


def read_rivals(folder: Path) -> list[Adapter]:
    """The adapters in the folders inside `folder`, by name.

    Raises:
        OptionError: there are none.
    """
    rivals = [read_adapter(path.parent) for path in sorted(folder.glob("*/card.json"))]
    if not rivals:
        hint = "Make one with `overpaint tune diffusionclip -p TEXT -o FOLDER/NAME`."
        raise OptionError(f"{folder} holds no folder of an adapter", hint=hint)
    return rivals


def failed_edits(
    rivals: Sequence[Adapter], photos: Portraits, device: str = "auto", watch: Watch = unwatched
) -> Portraits:
    """Pairs of a photo and its edit by every rival; both have the photo's labels.

    Raises:
        OptionError: a rival was tuned from another model.
    """
    model, pairs = load("portraits", device, "float32"), []
    for rival in rivals:
        check_base(rival, model)
    x0 = model.codec.encode(images(photos.pictures).to(model.device))
    for rival in watch(rivals, len(rivals), "editing by rivals"):
        t0, (_, steps) = float(rival.card["t0"]), step_counts(Options(), as_blend(rival))
        up, down = (model.schedule.path(below(t0, count)) for count in (STEPS, steps))
        latents, tuned = inverted(model, x0, up), adapted(model, rival)
        with torch.no_grad():
            made = torch.cat([last(solve(tuned, few, down)) for few in latents.split(32)])
        pixels = (model.codec.decode(made).clamp(-1, 1) + 1) * 127.5
        edits = pixels.round().byte().permute(0, 2, 3, 1).cpu().numpy()
        pairs.append(np.stack([photos.pictures, edits], axis=1).reshape(-1, *edits.shape[1:]))
    labels = np.tile(photos.labels.repeat(2, axis=0), (len(pairs), 1))
    return Portraits(np.concatenate(pairs), labels)
