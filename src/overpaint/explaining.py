"""Where a model looks in a picture for each word of a text (Prompt-to-Prompt, arXiv 2208.01626)."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from overpaint.core.emphasis import typed
from overpaint.core.heat import Heat, indicator
from overpaint.core.schedule import Level, below
from overpaint.core.watch import Watch, unwatched
from overpaint.core.wording import Word, Wording, words
from overpaint.data.images import read_image
from overpaint.data.modes import Array
from overpaint.data.placement import fit
from overpaint.errors import OptionError
from overpaint.inversions.ddim import ddim
from overpaint.memory import memory_errors
from overpaint.methods.options import opt, parse_fields
from overpaint.methods.registry import check_texts
from overpaint.models.attending import controlled, factor_near
from overpaint.models.bundle import DiffusionModel
from overpaint.models.prompting import reader_of
from overpaint.models.zoo import READING, load

LIT = np.array([255, 176, 0], np.float32)  # the colour of what is looked at
DIM = 0.35  # what remains of the picture elsewhere


@dataclass(frozen=True, eq=False)
class Explained:
    """A word and where it is looked at.

    heat: (H, W) uint8 of the picture's size, from the word's least to its most.
    share: of all attention, a mean over the picture.
    """

    word: str
    heat: Array
    share: float
    picture: Image.Image  # the original, dark where nobody looks


@dataclass(frozen=True)
class Depth:
    """How far a picture is inverted to see where its words are looked at."""

    steps: int = opt(25, "network calls", 1, 1000)
    strength: float = opt(1.0, "noise level up to which is looked", 0, 1)


@memory_errors("explanation")
def explain(
    image: object,
    prompt: str,
    *,
    model: str | Path | DiffusionModel = READING,
    steps: int = Depth.steps,
    strength: float = Depth.strength,
    device: str = "auto",
    dtype: str = "auto",
    watch: Watch = unwatched,
) -> list[Explained]:
    """A map for each word of `prompt`, summed while the picture is inverted under it.

    Args:
        prompt: weights typed in it, as for an edit, are left out.
        steps: network calls, up to the noise level `strength`, a fraction of the path.

    Raises:
        OptionError: the model reads no text, the prompt is empty or too long, or a number is out
            of its range.
    """
    depth = parse_fields(Depth, {"steps": steps, "strength": strength}, "explain")
    check_texts(prompt=prompt)
    picture = read_image(image)
    loaded = model if isinstance(model, DiffusionModel) else load(model, device, dtype)
    reader_of(loaded, "an explanation")
    prompt = typed(prompt).text
    told = words(prompt)
    if not told:
        raise OptionError("The prompt is empty", hint="Say what the picture shows with -p.")
    pixels, placement = fit(picture, loaded.frame)
    loaded = loaded.paced(pixels)
    levels = loaded.schedule.path(below(loaded.schedule.time_of(depth.strength), depth.steps))
    maps = looked_at(loaded, pixels.to(loaded.device), prompt, told, levels, watch=watch)
    seen = F.interpolate(_spanned(maps), size=pixels.shape[-2:], mode="bilinear")
    spread = [placement.spread(each[None]) for each in seen[0]]
    named = (prompt[slice(*word.bare)] for word in told)
    shares = maps.mean((0, 2, 3)).tolist()
    original = picture.on_white()
    return [
        Explained(word, each, share, lit(original, each))
        for word, each, share in zip(named, spread, shares, strict=True)
    ]


@torch.no_grad()
def looked_at(
    model: DiffusionModel,
    image: Tensor,
    prompt: str,
    told: Sequence[Word],
    levels: Sequence[Level],
    *,
    watch: Watch = unwatched,
) -> Tensor:
    """Attention (1, W, h, w) to the words `told` of a prompt while an image is inverted under it.

    Args:
        image: (1, 3, H, W) in [-1, 1]. levels: from the picture up.
    """
    reader = reader_of(model)
    text, x0 = Wording(prompt, tuple(reader.spans(prompt))), model.codec.encode(image)
    rows = [(text, [[word.bare] for word in told])]
    heat, cond = Heat(indicator(rows), factor_near(model, x0)), reader([prompt])
    with controlled(model, heat=heat) as shared:
        ddim(lambda x, level: shared(x, level, cond), x0, levels, watch=watch)
    return torch.zeros(1, len(told), 1, 1) if heat.mean is None else heat.mean.cpu()


def _spanned(maps: Tensor) -> Tensor:
    """Maps (B, W, h, w), each from 0 to 1."""
    low, high = maps.amin((2, 3), keepdim=True), maps.amax((2, 3), keepdim=True)
    return (maps - low) / (high - low).clamp(min=1e-12)


def lit(picture: Array, heat: Array) -> Image.Image:
    """A picture (H, W, 3) uint8 in grey, bright and warm where the heat (H, W) uint8 is."""
    grey = picture.astype(np.float32).mean(2, keepdims=True)
    part = heat[..., None].astype(np.float32) / 255
    shown = grey * (DIM + (1 - DIM) * part)
    shown = shown * (1 - 0.5 * part) + LIT * (0.5 + grey / 510) * 0.5 * part  # dark hair too
    return Image.fromarray(shown.clip(0, 255).round().astype(np.uint8))
