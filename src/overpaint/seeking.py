"""Masks that are asked for as "auto": found from the texts before the edit begins."""

from collections.abc import Mapping
from dataclasses import asdict, fields, replace
from typing import Any

import numpy as np
import torch

from overpaint.core.emphasis import typed
from overpaint.core.rng import NoiseStream
from overpaint.core.watch import Watch, unwatched
from overpaint.data.images import Picture
from overpaint.data.masking import Mask
from overpaint.data.placement import fit
from overpaint.data.where import AUTO, Where, is_auto
from overpaint.errors import OptionError
from overpaint.methods.finding import Finding, found
from overpaint.methods.options import parse_fields
from overpaint.models.bundle import Calls, DiffusionModel
from overpaint.models.prompting import reader_of

SEED = 0  # of the noise, whatever the edit's: one mask serves all of its pictures


def finding(given: Mapping[str, Any], where: Where, options: object) -> Finding:
    """How masks that are auto shall be found: as given, else as the method's own options say.

    Raises:
        OptionError: no mask is auto, or an option is not usable.
    """
    if given and not where.auto:
        what = "mask options are for a mask that is found"
        raise OptionError(what, "none is asked for", f"Give --mask {AUTO} too.")
    own = options if isinstance(options, Finding) else Finding()
    known = {field.name: getattr(own, field.name) for field in fields(Finding)}
    return parse_fields(Finding, {**known, **given}, f"A mask that is {AUTO}")


def sought(
    where: Where,
    picture: Picture,
    model: DiffusionModel,
    texts: tuple[str, str],
    how: Finding,
    watch: Watch = unwatched,
) -> Where:
    """The same with its masks that are auto found, each where its text asks for a change.

    texts: the prompt and the source prompt; regions have prompts of their own.

    Raises:
        OptionError: the model reads no text, or such a mask has none.
    """
    reader_of(model, f"--mask {AUTO}")
    pixels, placement = fit(picture, model.frame)
    model, (prompt, source_prompt) = model.paced(pixels), texts

    def mask(text: str, called: str) -> Mask:
        if not text.strip():
            why, hint = "it is where that differs from the source prompt", "Give -p, or a mask."
            raise OptionError(f"a mask that is {AUTO} needs a text", why, hint)
        counted = replace(model, calls=(calls := Calls()))
        pair = typed(text).text, typed(source_prompt).text
        with torch.no_grad():
            new = found(counted, pixels.to(model.device), pair, how, NoiseStream((SEED,)), watch)
        values = placement.spread(new.mask[0])
        note = f"{called} was found: {share(values)} of the picture, in {calls.count} network calls"
        if not values.any():
            why = "lower its threshold" if new.contrast.any() else "both texts say the same"
            note = f"{called} that was found is empty: {why}"
        return Mask(values, AUTO, warnings=(note,), called=called)

    regions = [
        (mask(text, f"the mask of {text!r:.60}") if is_auto(area) else area, text)
        for area, text in where.regions
    ]
    area = mask(prompt, "the mask") if is_auto(where.mask) else where.mask
    return replace(where, mask=area, regions=regions, mask_options=asdict(how))


def share(values: np.ndarray) -> str:
    """How much of a picture a mask (H, W) uint8 covers."""
    return f"{np.count_nonzero(values) / values.size:.0%}"
