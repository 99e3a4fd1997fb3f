"""Directions in the space of a CLIP: from text to text, and from pictures to pictures."""

import re

import torch
from torch import Tensor
from torch.nn import functional as F

from overpaint.errors import OptionError
from overpaint.models.clip import NEAR, Clip, apart
from overpaint.recipes.templates import TEMPLATES


def wordings(text: str, templates: str = "none") -> list[str]:
    """The sentences that `text` makes; inside another it stands without an article of its own."""
    if templates == "none":
        return [text]
    return [sentence.format(bare(text)) for sentence in TEMPLATES[templates]]


def bare(text: str) -> str:
    """A text without the article that it begins with."""
    return re.sub(r"^(an?|the)\s+", "", text.strip(), flags=re.IGNORECASE)


def told(
    clip: Clip, source_prompt: str, prompt: str, templates: str = "none"
) -> tuple[Tensor, Tensor]:
    """Both texts in all sentences of `templates`, each (T, D) of unit length."""
    texts = [*wordings(source_prompt, templates), *wordings(prompt, templates)]
    with torch.no_grad():
        before, after = clip.text(texts).chunk(2)
    return before, after


def text_direction(clip: Clip, source_prompt: str, prompt: str, templates: str = "none") -> Tensor:
    """The change (D,) from one text to the other, the mean over templates (arXiv 2110.02711).

    It is as long as the texts lie apart; a cosine takes no notice, but `reach` counts it.

    Raises:
        OptionError: the texts mean the same to this CLIP.
    """
    before, after = told(clip, source_prompt, prompt, templates)
    return apart(mean_change(before, after), prompt, source_prompt)


def part_directions(clip: Clip, source_prompt: str, prompt: str) -> Tensor:
    """The change of the texts said of each part, (15, D) of unit length."""
    before, after = told(clip, source_prompt, prompt, "part")
    return F.normalize(after - before, dim=1)


def goal(clip: Clip, prompt: str, templates: str = "none") -> Tensor:
    """What a picture of `prompt` should be near to, (D,) of unit length.

    The mean over templates, or without any of "a ...", as the authors have it.
    """
    texts = [f"a {bare(prompt)}"] if templates == "none" else wordings(prompt, templates)
    with torch.no_grad():
        return F.normalize(clip.text(texts).mean(0), dim=0)


def picture_direction(before: Tensor, after: Tensor) -> Tensor:
    """The change (D,) between the means of embeddings (N, D) and (M, D) (arXiv 2108.00946).

    Raises:
        OptionError: the means agree.
    """
    change = after.mean(0) - before.mean(0)
    if float(change.norm()) < NEAR:
        raise OptionError(
            "The style images look like the pictures to learn from",
            "their mean CLIP embeddings agree, so there is no direction to go",
            "Give images of another style.",
        )
    return change


def mean_change(before: Tensor, after: Tensor) -> Tensor:
    """The mean (D,) of the differences of embeddings (T, D) of unit length."""
    return (after - before).mean(0)
