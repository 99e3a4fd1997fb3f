"""Pictures, texts and models whose every answer is known, for all inversions alike."""

import torch
from torch import Tensor

from overpaint.core.prediction import PREDICTIONS, Prediction
from overpaint.core.rng import NoiseStream
from overpaint.core.schedule import Level, NoiseSchedule, below
from overpaint.inversions.source import Source
from overpaint.models.conditions import Cond

from ..gaussian import Told

SCHEDULE = NoiseSchedule.scaled_linear()
LEVELS = SCHEDULE.path(below(900, 16))
SCALE = 7.5


def drawn(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


PATTERNS = drawn(4, 3, 4, 4, seed=1)
X0 = 0.5 * drawn(2, 3, 4, 4)
TEXT, EMPTY = Cond(0.3 * drawn(2, 3, 4, seed=2)), Cond(0.3 * drawn(1, 3, 4, seed=3))


def world(model=None, *, scale: float = SCALE, rows=(0, 1)) -> Source:
    """What is asked about the pictures of these rows."""
    text = TEXT.rows(rows)
    return Source(model or Told(PATTERNS), NoiseStream(rows), text, EMPTY, scale)


def saying(kind: str, model=None):
    """The same model, whose network predicts something else."""
    said = {
        "eps": lambda level, pred: pred.eps,
        "v": lambda level, pred: level.alpha * pred.eps - level.sigma * pred.x0,
        "flow": lambda level, pred: pred.eps - pred.x0,
    }
    told = model or Told(PATTERNS)

    def asked(x: Tensor, level: Level, cond: Cond | None = None) -> Prediction:
        return PREDICTIONS[kind](x, level, said[kind](level, told(x, level, cond)))

    return asked


def straightened(levels) -> list[Level]:
    """The levels of a rectified flow with the same signal to noise ratios."""
    sums = [level.alpha + level.sigma for level in levels]
    return [Level(lv.t, lv.alpha / k, lv.sigma / k) for lv, k in zip(levels, sums, strict=True)]
