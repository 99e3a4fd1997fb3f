"""Edits that may differ from their pictures only where words are looked at (arXiv 2208.01626)."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from overpaint.core.changes import Tokens, changed, restyled
from overpaint.core.emphasis import typed
from overpaint.core.heat import Heat
from overpaint.core.local_blend import Cut, LocalBlend
from overpaint.core.wording import HELD, Wording, find
from overpaint.errors import OptionError
from overpaint.inversions.trajectory import Trajectory
from overpaint.methods.pairs import Pair
from overpaint.models.attending import factor_near
from overpaint.models.bundle import DiffusionModel
from overpaint.models.prompting import reader_of

TEXTS = ("source prompt", "prompt")


@dataclass(frozen=True)
class Local:
    """Where edits may differ from their pictures: where words are looked at.

    words: of either text; None for those that are not in both, or weighted, but for texts of
        other kinds of pictures ("a sketch of a cat" for "a photo of a cat"), which act anywhere.
    """

    words: tuple[str, ...] | None = None
    kept: tuple[str, ...] = ()  # whose places stay as they are, whatever others say
    threshold: float = 0.2
    start: float = 0.2
    spread: bool = False  # a word's place is a cell larger on each side (the authors' code)


def held(
    model: DiffusionModel, trajectory: Trajectory, pairs: Sequence[Pair], local: Local
) -> LocalBlend | None:
    """Where the words of all rows are looked at; None if there are none, or all may change."""
    reader, rows = reader_of(model), len(trajectory.noise)
    if local.words is None and any(restyled(*pair.wordings(reader)) for pair in pairs):
        return None
    count, cuts = rows - len(pairs), [Cut(local.threshold, pooled=local.spread)]
    if local.kept:
        cuts.append(Cut(local.threshold, pooled=False, subtracted=True))
    words = torch.zeros(rows, reader.context, len(cuts))
    for row, pair in enumerate(pairs, start=count):
        texts = pair.wordings(reader)
        groups = _acting(texts, pair, local), _named(texts, local.kept)
        for group, named in enumerate(groups[: len(cuts)]):
            for at, tokens in zip((pair.picture, row), named, strict=True):
                words[at, list(tokens), group] = 1
    if not bool(words[..., 0].any()):
        return None
    heat = Heat(words, factor_near(model, trajectory.noise))
    sources = [*range(count), *(pair.picture for pair in pairs)]
    return LocalBlend(heat, sources, trajectory.levels, cuts=cuts, start=local.start)


def _acting(texts: tuple[Wording, Wording], pair: Pair, local: Local) -> tuple[Tokens, Tokens]:
    """The tokens, in the source and in the target, of the words that an edit acts on."""
    if local.words is None:
        return changed(*texts, typed(pair.target).heavy)
    return _named(texts, local.words)


def _named(texts: tuple[Wording, Wording], words: Sequence[str]) -> tuple[Tokens, Tokens]:
    """The tokens of words in the source and in the target; each has to be in one of them."""
    found: list[list[int]] = [[], []]
    for word in words:
        errors = []
        for tokens, text in zip(found, texts, strict=True):
            try:
                tokens += find(text, word)
            except OptionError as error:
                errors.append(error)
        if len(errors) == 2:
            told = (f"{which}: {each.why}" for which, each in zip(TEXTS, errors, strict=True))
            what = f"Neither text holds {word!r:.60}"
            raise OptionError(what, "; ".join(told), HELD)
    return tuple(found[0]), tuple(found[1])
