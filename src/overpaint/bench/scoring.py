"""Pictures scored against others, outside any benchmark."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from overpaint.bench.looking import Looks
from overpaint.bench.measures import AGAINST, DINO, MASK, MEASURES, PROMPT, SOURCE, Seen, wanted
from overpaint.bench.networks import pixels
from overpaint.bench.pairing import Pair, pairs, pictures
from overpaint.bench.sets import FEATURES, INCEPTION, NEEDS, REAL, Sets, compared, enough
from overpaint.core.watch import Watch, unwatched
from overpaint.data.decoding import MAX_PIXELS
from overpaint.data.images import read_image
from overpaint.data.masking import read_mask
from overpaint.errors import ImageReadError, OptionError


@dataclass(frozen=True)
class Asked:
    """What is to be scored, and what is known about it.

    made, real: files and folders. against, mask: one file for all, or a folder of partners by name
    (`pairing`). metrics: names, or none for all that the rest allows. features: what sets are
    compared by, one of `sets.FEATURES`; None: the first of them.
    """

    made: Sequence[Path]
    against: Path | None = None
    mask: Path | None = None
    real: Path | None = None
    features: str | None = None
    metrics: Sequence[str] = ()
    max_pixels: int = MAX_PIXELS


@dataclass(frozen=True)
class Scored:
    """A picture's numbers, infinite or NaN where there is no finite one."""

    pair: Pair
    scores: dict[str, float]


@dataclass(frozen=True)
class Scoring:
    """What will be measured: of each pair, and of the sets."""

    asked: Asked
    looks: Looks
    pairs: Sequence[Pair]
    real: Sequence[Path]
    names: Sequence[str]
    of_sets: Sequence[str]

    def each(self, watch: Watch = unwatched) -> Iterator[Scored]:
        """The pairs' numbers, one after another; without what a missing partner would give.

        Raises:
            ImageReadError: a picture cannot be read, or is not of its partner's size.
        """
        if not self.names:
            return
        for pair in watch(self.pairs, len(self.pairs), "scoring"):
            seen = _seen(pair, self.looks, self.asked.max_pixels)
            lacking = {AGAINST} if pair.against is None else set()
            lacking |= {MASK} if pair.mask is None else set()
            names = [name for name in self.names if not lacking & {*MEASURES[name].needs}]
            yield Scored(pair, {name: MEASURES[name](seen) for name in names})

    def sets(self, watch: Watch = unwatched) -> Sets | None:
        """The numbers of all the pictures together, if there are any."""
        if not self.of_sets:
            return None
        asked = self.asked
        made, real = (
            (_pixels(path, asked.max_pixels) for path in watch(paths, len(paths), "looking"))
            for paths in ([pair.made for pair in self.pairs], self.real)
        )
        features = asked.features or FEATURES[0]
        return compared(made, real, names=self.of_sets, features=features, looks=self.looks)


def scoring(asked: Asked, looks: Looks) -> Scoring:
    """What is to be measured; whatever stands against it is said before any network is loaded.

    Raises:
        OptionError: a metric needs what was not given, what was given is of no use, or no picture
            has a partner.
    """
    names = _names(asked, looks)
    made = pictures(asked.made)
    real = [] if asked.real is None else pictures([asked.real])
    found = pairs(made, asked.against, asked.mask)
    if asked.against and not any(pair.against for pair in found):
        why = "a partner has a picture's name, or the part of it before a point"
        raise OptionError(f"No picture has its partner in {asked.against}", why)
    of_sets = [name for name in names if name in NEEDS]
    able = enough(of_sets, len(made), len(real))
    of_sets = of_sets if asked.metrics else able
    return Scoring(asked, looks, found, real, [n for n in names if n in MEASURES], of_sets)


def _names(asked: Asked, looks: Looks) -> list[str]:
    """The metrics, once all that was given is of use for one."""
    if asked.features not in (None, *FEATURES):
        raise OptionError(f"--features is {', '.join(FEATURES)}, not {asked.features!r:.40}")
    given: dict[str, object] = {AGAINST: asked.against, MASK: asked.mask, REAL: asked.real}
    given |= {PROMPT: looks.prompt, SOURCE: looks.source_prompt, DINO: looks.dino}
    given |= {INCEPTION: asked.features == "inception"}
    flags = {flag for flag, value in given.items() if value}
    needs = {**{name: measure.needs for name, measure in MEASURES.items()}, **NEEDS}
    names = wanted(asked.metrics, flags, needs)
    if not names:
        hint = "Give --against a picture or folder, a --prompt, or --real pictures."
        raise OptionError("There is nothing to measure by", hint=hint)
    used = {flag for name in names for flag in needs[name]}
    if asked.features and not used & {REAL, INCEPTION}:
        raise OptionError("--features is for sets of pictures", hint="Give --real FOLDER.")
    if idle := sorted(flags - used - {INCEPTION}):
        why = f"none of {', '.join(names)} needs it"
        raise OptionError(f"{idle[0]} has no effect here", why, "Leave it out.")
    return names


def _seen(pair: Pair, looks: Looks, max_pixels: int) -> Seen:
    made, against, region = _pixels(pair.made, max_pixels), None, None
    height, width = made.shape[2:]
    if pair.against is not None:
        against = _pixels(pair.against, max_pixels)
        if made.shape != against.shape:
            sizes = f"{width} x {height}, {pair.against} {against.shape[3]} x {against.shape[2]}"
            why = "they are compared pixel by pixel"
            raise ImageReadError(f"{pair.made} is {sizes}", why, "Bring them to one size.")
    if pair.mask is not None:
        values = read_mask(pair.mask, (width, height), max_pixels=max_pixels).values
        region = torch.from_numpy(values).float()[None, None] / 255
    return Seen(looks, made, against, region)


def _pixels(path: Path, max_pixels: int) -> Tensor:
    """(1, 3, H, W) in [0, 1], upright, what is transparent on white."""
    return pixels(read_image(path, max_pixels=max_pixels).on_white())
