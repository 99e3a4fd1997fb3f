"""How far the pictures that were made are from real ones, all of them together."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from overpaint.bench.looking import Looks
from overpaint.errors import OptionError
from overpaint.metrics import metrics
from overpaint.metrics.sets import FEWEST, NEAREST

REAL, INCEPTION = "--real", "--features inception"
FEATURES = ("clip", "judge", "inception")
"""What sees the pictures; the distances are of what it sees."""
AMONG = ("precision", "recall")
NEEDS: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("fid", "kid", *AMONG), (REAL,)),
    "inception-score": (INCEPTION,),
}
"""The metrics of sets, by the flags that give what each needs."""


@dataclass(frozen=True)
class Sets:
    """Their numbers, and of how many pictures and features these are."""

    scores: dict[str, float]
    made: int
    real: int
    width: int

    @property
    def few(self) -> bool:
        """Whether there are fewer pictures of a set than features, so that fid is too large."""
        return "fid" in self.scores and min(self.made, self.real) <= self.width


def enough(names: Sequence[str], made: int, real: int) -> list[str]:
    """Those of these metrics that sets of so many pictures have.

    Raises:
        OptionError: the sets are too small for any.
    """
    if any(REAL in NEEDS[name] for name in names) and min(made, real) < FEWEST:
        why = f"there are {made} and {real}"
        raise OptionError(f"Sets are compared from {FEWEST} pictures on", why)
    return [name for name in names if name not in AMONG or min(made, real) > NEAREST]


def compared(
    made: Iterable[Tensor],
    real: Iterable[Tensor],
    *,
    names: Sequence[str],
    features: str,
    looks: Looks,
) -> Sets:
    """The metrics `names` of pictures (1, 3, H, W) in [0, 1] of any sizes.

    Raises:
        OptionError: there are too few pictures.
    """
    seen, others = ([_see(each, features, looks) for each in of] for of in (made, real))
    ours, classes = (torch.cat(each) for each in zip(*seen, strict=True))
    theirs = torch.cat([each for each, _ in others]) if others else ours[:0]
    scores = {
        name: metrics()[name](*((classes,) if name == "inception-score" else (ours, theirs)))
        for name in names
    }
    return Sets(scores, len(ours), len(theirs), ours.shape[1])


def _see(picture: Tensor, features: str, looks: Looks) -> tuple[Tensor, Tensor]:
    """Features (1, d), and the probabilities of classes where they are known."""
    if features == "inception":
        return looks.inception(picture)
    seen = looks.judged(picture) if features == "judge" else looks.networks.see(picture)
    return seen, seen[:, :0]
