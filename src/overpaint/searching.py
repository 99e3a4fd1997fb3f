"""One strength for many pictures: the time t0 that a few of them call for."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch

from overpaint import parts as loaded
from overpaint.core.watch import Watch, unwatched
from overpaint.data.images import read_image
from overpaint.data.placement import fit
from overpaint.errors import OptionError
from overpaint.memory import memory_errors
from overpaint.methods import registry
from overpaint.methods.diffusionclip import denoiser
from overpaint.methods.plans import way_of
from overpaint.methods.registry import Task
from overpaint.methods.shares import listed
from overpaint.methods.strength import AUTO, Found, Wish, searched
from overpaint.methods.walking import walk
from overpaint.models.bundle import DiffusionModel
from overpaint.models.zoo import load


@memory_errors("search")
def find_t0(
    images: Iterable[object],
    prompt: str,
    *,
    identity: float | None = None,
    direction: float | None = None,
    source_prompt: str = "",
    model: str | Path | DiffusionModel = "portraits",
    adapter: Any = None,
    watch: Watch = unwatched,
    **options: Any,
) -> Found:
    """The time t0 at which DiffusionCLIP edits of `images`, on average, reach a score.

    Args:
        identity: likeness to keep, a cosine of faces: the strongest edit that does is found.
        direction: share of the texts' difference to go: the weakest edit that does is found.
        adapter: as for `edit`, without masks.
    """
    method = registry.find("diffusionclip")
    asked = {**options, "t0": AUTO, "identity": identity, "direction": direction}
    chosen = registry.parse_options(method, asked)
    given = {} if adapter is None else {"adapter": listed(adapter)}
    if any(share.mask is not None for share in given.get("adapter", ())):
        raise OptionError("masks belong to one picture", "t0 is searched over several")
    base = model if isinstance(model, DiffusionModel) else load(model)
    pictures = [fit(read_image(image), base.size)[0] for image in images]
    if not pictures:
        raise OptionError("no picture is given", "t0 is searched on some")
    task = Task(torch.cat(pictures).to(base.device), prompt, source_prompt)
    found = loaded.resolve(method, base, task, given, watch, options=chosen)
    blend, wish = found["adapter"], Wish.asked(identity, direction)
    score = found["scorer"].score(wish, prompt, source_prompt or blend.source_prompt())
    with torch.no_grad():
        source, way = base.codec.encode(task.image), way_of(chosen, 0.0, blend)
        denoise = denoiser(base, blend, chosen)
        return searched(
            base, source, lambda way: walk(base, source, denoise, way), way, score, watch
        )
