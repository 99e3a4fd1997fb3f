"""When tuning has done what it can: the direction rises no more, or the likeness is lost."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

SMOOTHING = 0.9  # how much of a smoothed score is what it was an iteration before
RISE = 1e-3  # of a cosine, the least that counts as one


@dataclass
class Smooth:
    """An exponential mean without the pull of its start."""

    total: float = 0.0
    weight: float = 0.0

    def __call__(self, value: float) -> float:
        """The mean with `value` in it."""
        self.total = SMOOTHING * self.total + (1 - SMOOTHING) * value
        self.weight = SMOOTHING * self.weight + 1 - SMOOTHING
        return self.total / self.weight


@dataclass
class Stopping:
    """Lives for one run, and is told each iteration's figures in their order.

    Args:
        patience: iterations without a rise of the smoothed direction; 0: any number.
        likeness_floor: the smoothed likeness below which it ends; 0: none.
    """

    patience: int = 0
    likeness_floor: float = 0.0
    direction: Smooth = field(default_factory=Smooth)
    likeness: Smooth = field(default_factory=Smooth)
    best: float = -math.inf
    waited: int = 0

    def reason(self, figures: Mapping[str, float]) -> str:
        """Why to stop after this iteration; empty to go on."""
        direction = self.direction(figures["direction"])
        likeness = self.likeness(figures.get("likeness", 1.0))
        if direction > self.best + RISE:
            self.best, self.waited = direction, 0
        else:
            self.waited += 1
        if self.patience and self.waited >= self.patience:
            return f"the direction did not rise above {self.best:.3f} for {self.waited} iterations"
        if self.likeness_floor and likeness < self.likeness_floor:
            return f"the likeness fell to {likeness:.3f}, below {self.likeness_floor:g}"
        return ""
