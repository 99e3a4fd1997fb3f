"""The strength at which an edit is faithful or real enough (SDEdit, arXiv 2108.01073, 3)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from torch import Tensor

from overpaint.core.watch import Watch, unwatched
from overpaint.methods.bisecting import best, halving
from overpaint.methods.realism import Critic
from overpaint.metrics.fidelity import l2

GRAIN = 1000  # strengths are looked for among its fractions,
ENDS = (50.0, 950.0)  # from here to there,
TRIALS = 10  # in so many edits
ROUGH = tuple(k / 10 for k in range(2, 9))  # strengths of which one is picked without a target
ENOUGH = 0.9  # of what can be gained in realism
SEEN = 8  # pictures, at least, of which realism is told

Trial = Callable[[float], Tensor]


@dataclass(frozen=True)
class Aim:
    """A squared distance (metric `l2`) or a KID that is not to be passed; neither: a knee."""

    faithfulness: float | None = None
    realism: float | None = None

    @property
    def critical(self) -> bool:
        """Whether it is about realism."""
        return self.faithfulness is None


@dataclass(frozen=True)
class Found:
    """A strength, what it has of what was aimed at, and whether that is enough."""

    strength: float
    name: str
    value: float
    wanted: float | None
    reached: bool = True

    def told(self) -> str:
        """A note for the user."""
        have = f"{self.name} {self.value:.4g}"
        if self.wanted is None:
            what = f"more gains little realism: {have}"
            return f"strength={self.strength:g} was found: {what}"
        if self.reached:
            asked = f"{self.wanted:g} was asked for"
            return f"strength={self.strength:g} was found: {have}, and {asked}"
        what = f"no strength reaches {self.name} {self.wanted:g}"
        return f"{what}: nearest is strength={self.strength:g} with {have}"


def found(
    aim: Aim, trial: Trial, guide: Tensor, critic: Critic | None, watch: Watch = unwatched
) -> Found:
    """The strongest edit that is as faithful as wanted, or the weakest that is as real.

    A bisection: more strength is more real and less faithful, given the same noise.

    trial: pictures (B, 3, S, S) in [-1, 1] that come of `guide` (1, 3, S, S) at a strength.
    """
    if aim.faithfulness is not None:
        return _halved(aim.faithfulness, trial, lambda made: distance(made, guide), watch)
    if critic is None:
        raise TypeError("realism is told by a critic")
    if aim.realism is not None:
        return _halved(aim.realism, trial, critic.kid, watch, rising=True)
    scores = {s: critic.kid(trial(s)) for s in watch(ROUGH, len(ROUGH), "trying strengths")}
    strength = knee(scores)
    return Found(strength, "realism", scores[strength], None)


def _halved(
    wanted: float,
    trial: Trial,
    measure: Callable[[Tensor], float],
    watch: Watch,
    *,
    rising: bool = False,
) -> Found:
    """By bisection; rising: whether more strength does better, since less is better in both."""
    tried = dict[float, float]()
    places = halving(tried, -wanted, ENDS, rising=rising, trials=TRIALS)
    for place in watch(places, None, "trying strengths"):
        tried[place] = -measure(trial(place / GRAIN))
    place, reached = best(tried, -wanted, rising=rising)
    name = "realism" if rising else "faithfulness"
    return Found(place / GRAIN, name, -tried[place], wanted, reached)


def knee(scores: Mapping[float, float]) -> float:
    """The least strength with nearly all the realism that there is between the first and the best.

    scores: KID by strength.
    """
    first, least = scores[min(scores)], min(scores.values())
    enough = first - ENOUGH * (first - least)
    return min(strength for strength, score in scores.items() if score <= enough)


def distance(images: Tensor, guide: Tensor) -> float:
    """The mean of the metric `l2` between pictures (B, 3, S, S) in [-1, 1] and their guides."""
    return float(l2((images + 1) / 2, ((guide + 1) / 2).expand_as(images)).mean())
