"""Automatic strength: the time t0 at which an edit reaches a wanted score (2110.02711, fig. 9)."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor
from torch.nn import functional as F

from overpaint.core.watch import Watch, unwatched
from overpaint.errors import OptionError
from overpaint.methods.bisecting import best, halving
from overpaint.methods.walking import Way
from overpaint.models.bundle import DiffusionModel
from overpaint.models.clip import Clip, apart
from overpaint.models.identity import FaceEncoder

TUNED, AUTO = "tuned", "auto"  # values of the option t0, beside a number
LOWEST, HIGHEST = 0.05, 0.8  # of the path: where t0 is looked for
LIKENESS = 0.8  # identity wanted where nothing is asked for


@dataclass(frozen=True)
class Wish:
    """A score to reach: "identity" falls with t0 and is a bound, "direction" rises with it."""

    name: str
    value: float

    @property
    def rising(self) -> bool:
        """Whether more strength gives more of it."""
        return self.name == "direction"

    @classmethod
    def asked(cls, identity: float | None = None, direction: float | None = None) -> "Wish":
        """The wish for the score that is given."""
        if direction is not None:
            return cls("direction", direction)
        return cls("identity", LIKENESS if identity is None else identity)


@dataclass(frozen=True)
class Found:
    """What a search came to: a time, the score there, and whether it is as was wished."""

    wish: Wish
    t0: float
    score: float
    reached: bool

    def told(self) -> str:
        """A note for the user."""
        score = f"{self.wish.name} about {self.score:.2f}"  # a quick trial's, not the edit's own
        if self.reached:
            return f"t0={self.t0:g} was found: {score}, and {self.wish.value:g} was asked for"
        what = f"no t0 reaches {self.wish.name} {self.wish.value:g}"
        return f"{what}: nearest is t0={self.t0:g} with {score}"


@dataclass(frozen=True)
class Score:
    """A wish with what measures it.

    of: edited images (B, 3, S, S) in [-1, 1], after the images they were made of.
    """

    wish: Wish
    of: Callable[[Tensor, Tensor], float]


@dataclass(frozen=True)
class Scorer:
    """The networks that judge an edit, each loaded when it is asked for."""

    encoder: Callable[[], FaceEncoder]
    clip: Callable[[], Clip]

    def score(self, wish: Wish, prompt: str, source_prompt: str) -> Score:
        """What measures edits for a wish."""
        if wish.rising:
            return Score(wish, progress(self.clip(), prompt, source_prompt))
        return Score(wish, likeness(self.encoder()))


def likeness(encoder: FaceEncoder) -> Callable[[Tensor, Tensor], float]:
    """The mean cosine of the faces in images and in their edits, (B, 3, S, S) each."""
    return lambda images, edited: float(
        F.cosine_similarity(encoder.embed(images), encoder.embed(edited)).mean()
    )


def progress(clip: Clip, prompt: str, source_prompt: str) -> Callable[[Tensor, Tensor], float]:
    """How far images `(B, 3, S, S)` go along the texts' difference: 1 is all the way.

    Not the cosine with it (2110.02711, eq. 5), which is blind to how far, so does not rise with t0.
    """
    target, source = clip.text([prompt, source_prompt])
    change = apart(target - source, prompt, source_prompt)
    along = change / change.square().sum()
    return lambda images, edited: float(((clip.image(edited) - clip.image(images)) @ along).mean())


def searched(
    model: DiffusionModel,
    source: Tensor,
    made: Callable[[Way], Tensor],
    way: Way,
    score: Score,
    watch: Watch = unwatched,
) -> Found:
    """The strongest edit that keeps the identity wished for, or the weakest with the direction.

    A bisection in at most `bisecting.TRIALS` edits of all `source` (B, ...) together, since a
    score goes one way with t0; times are whole.

    made: the edits of `source` by a way, (B, ...).
    """
    tried, wish, images = dict[float, float](), score.wish, model.codec.decode(source)
    last = len(model.schedule) - 1
    ends = float(round(LOWEST * last)), float(round(HIGHEST * last))
    times = halving(tried, wish.value, ends, rising=wish.rising)
    for t0 in watch(times, None, "trying t0"):
        edited = model.codec.decode(made(way.quick(t0)))
        tried[t0] = score.of(images, edited.clamp(-1, 1))
    t0, reached = best(tried, wish.value, rising=wish.rising)
    return Found(wish, t0, tried[t0], reached)


def checked_time(text: str) -> None:
    """Refuses what is neither a time nor one of the words."""
    try:
        good = text in (TUNED, AUTO) or 0 <= float(text) < math.inf
    except ValueError:
        good = False
    if not good:
        raise OptionError(f"t0 must be a time from 0, tuned or auto, got {text!r:.40}")
