"""Candidates in order: how well each shows the text, to a CLIP that did not guide it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from overpaint.core.emphasis import typed
from overpaint.data.decoding import MAX_PIXELS
from overpaint.data.images import read_image
from overpaint.data.masking import read_mask
from overpaint.data.placement import fit
from overpaint.data.record import Record
from overpaint.errors import OptionError
from overpaint.models.clip import Clip, load_clip
from overpaint.models.zoo import embedded

RANKER = "clip-check"  # the embedded CLIP that ranks
CONTEXT, CROP = 0.5, 0.5  # weights of the two views in a score
MARGIN = 0.1  # around the mask on each side, of its longer one

Box = tuple[int, int, int, int]
"""Left, top, right and bottom, in pixels."""


@dataclass(frozen=True)
class Ranked:
    """A candidate's place: cosines with the text in [-1, 1], or differences of two in [-2, 2]."""

    index: int  # among the candidates as they were given
    score: float  # CONTEXT of `context` and CROP of `crop`
    context: float  # of the whole picture
    crop: float  # of the part around the mask; without a mask, of the whole picture again


def rank(
    images: Iterable[object],
    prompt: str,
    *,
    source_prompt: str = "",
    mask: object = None,
    clip: Clip | None = None,
    max_pixels: int = MAX_PIXELS,
) -> list[Ranked]:
    """The candidates of one edit, best first; equal ones in the order they were given.

    Every picture is padded to a square by its edges, so that nothing of it is out of sight.

    Args:
        prompt: what they shall show; weights typed in it, as in "(red:2) hair", do not count.
        source_prompt: what the source shows; scores are then cosines less those with this text,
            which tells candidates apart better (docs/figures.md).
        images: paths, PIL images, arrays: what `edit` reads; of one size.
        mask: of the edit, for the picture around it.
        clip: what compares; it should not have guided the edit. None: the embedded one for this.

    Raises:
        OptionError: there is no prompt to compare with.
    """
    if not prompt.strip():
        why = "the prompt is empty"
        raise OptionError("there is nothing to rank by", why, "say what the picture shall show")
    judge = clip or ranker()
    with torch.no_grad():
        text = judge.text([typed(prompt).text])[0]
        if source_prompt.strip():
            text = text - judge.text([typed(source_prompt).text])[0]
        seen = _views(judge, images, mask, max_pixels)
        found = [(judge.image(views) @ text).tolist() for views in seen]
    ranked = [
        Ranked(index, CONTEXT * each[0] + CROP * each[-1], each[0], each[-1])
        for index, each in enumerate(found)
    ]
    return sorted(ranked, key=lambda each: -each.score)


def ranker() -> Clip:
    """The embedded CLIP that ranks, on the processor."""
    return load_clip(embedded(RANKER))


def doubt(record: Record, clip: Clip) -> str:
    """What speaks against a ranking by `clip` of an edit with this record, or nothing."""
    if clip.hash and clip.hash == record.parts.get("clip"):
        return "the CLIP that ranks is the one that guided, so it likes all of them"
    return ""


def around(mask: np.ndarray, margin: float = MARGIN) -> Box:
    """A square around what is not black in a mask (H, W), moved into the picture where it fits.

    A black mask has no place, so that is the whole picture.
    """
    rows, columns = (np.flatnonzero(mask.any(axis)) for axis in (1, 0))
    height, width = mask.shape
    if not len(rows):
        return (0, 0, width, height)
    longer = max(int(each[-1] - each[0]) + 1 for each in (rows, columns))
    side = round(longer * (1 + 2 * margin))
    left, right = _span(columns, side, width)
    top, bottom = _span(rows, side, height)
    return (left, top, right, bottom)


def _span(inside: np.ndarray, side: int, whole: int) -> tuple[int, int]:
    """From where to where `side` pixels about the middle of `inside` go, in `whole` pixels."""
    start = int(inside[0] + inside[-1] + 1 - side) // 2
    start = min(max(0, start), max(0, whole - side))
    return start, min(whole, start + side)


def _views(clip: Clip, images: Iterable[object], mask: object, max_pixels: int) -> Iterator[Tensor]:
    """Of each picture the whole, and with a mask what is around it: (1 or 2, 3, S, S)."""
    box: Box | None = None
    for image in images:
        picture = read_image(image, max_pixels=max_pixels)
        views = [fit(picture, clip.size)[0]]
        if mask is not None:
            box = box or around(read_mask(mask, picture.size, max_pixels=max_pixels).values)
            cut = Image.fromarray(picture.on_white()).crop(box)
            views.append(fit(read_image(cut), clip.size)[0])
        yield torch.cat(views).to(clip.device)
