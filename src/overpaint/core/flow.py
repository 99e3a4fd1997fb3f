"""The straight path of a rectified flow, x = (1 - sigma) * x0 + sigma * eps (arXiv 2209.03003)."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from overpaint.core.schedule import CLEAN, LONGEST, Level, check_strength
from overpaint.errors import OptionError

# Settings of diffusers' scheduler that bend the path otherwise; no SD3 or FLUX has them.
OTHERS = (
    *("invert_sigmas", "shift_terminal"),
    *("use_karras_sigmas", "use_exponential_sigmas", "use_beta_sigmas"),
)
LARGEST = 1e3  # of a shift
MOST = 1e6  # of any number in a configuration


@dataclass(frozen=True)
class FlowSchedule:
    """Times 0, 1, ... lie evenly on the path, and a shift above 1 moves them towards noise.

    The last one is noise alone; -1 is the picture (SD3, arXiv 2403.03206, equation 23).
    """

    steps: int = 1000
    shift: float = 1.0

    def __len__(self) -> int:
        return self.steps

    def at(self, t: float) -> Level:
        """The level at time `t` in [-1, len - 1], where -1 is `CLEAN`."""
        if not -1 <= t <= self.steps - 1:
            raise OptionError(f"time must be in [-1, {self.steps - 1}], got {t:g}")
        if t == CLEAN.t:
            return CLEAN
        share = (t + 1) / self.steps
        sigma = self.shift * share / (self.shift * share + (1 - share))
        return Level(float(t), 1 - sigma, sigma)

    def path(self, times: Iterable[float]) -> list[Level]:
        """The levels at `times`, in their order."""
        return [self.at(t) for t in times]

    def time_of(self, strength: float) -> float:
        """The time at which an edit of this strength begins: a fraction in (0, 1] of the path."""
        return check_strength(strength) * (self.steps - 1)

    def time_at(self, log_snr: float) -> float:
        """The time in [0, len - 1] of the level with this log(alpha / sigma), or nearest to it."""
        sigma = (1 - math.tanh(log_snr / 2)) / 2
        share = sigma / (self.shift - (self.shift - 1) * sigma)
        return min(max(share * self.steps - 1, 0.0), self.steps - 1.0)

    def clock(self, level: Level) -> float:
        """The time that the network is told at a level: its noise, in steps."""
        return self.steps * level.sigma


def flow(config: Mapping[str, Any], patches: int) -> FlowSchedule:
    """The schedule that diffusers' `FlowMatchEulerDiscreteScheduler` describes.

    patches: of the picture, by which FLUX shifts.

    Raises:
        OptionError: the config names a path that is not known here, or impossible numbers.
    """
    if bent := next((name for name in OTHERS if config.get(name)), None):
        raise OptionError(f"a flow with {bent} is not supported")
    steps = config.get("num_train_timesteps", 1000)
    if not isinstance(steps, int) or not 2 <= steps <= LONGEST:
        raise OptionError(f"num_train_timesteps must be in [2, {LONGEST}], got {steps!r:.40}")
    dynamic = config.get("use_dynamic_shifting")
    shift = _by_patches(config, patches) if dynamic else _number(config, "shift", 1.0)
    return FlowSchedule(steps, min(max(shift, 1 / LARGEST), LARGEST))


def _by_patches(config: Mapping[str, Any], patches: int) -> float:
    """FLUX's shift, the exponential of a number that is linear in the patches."""
    few = _number(config, "base_image_seq_len", 256)
    many = _number(config, "max_image_seq_len", 4096)
    if few >= many:
        raise OptionError(f"base_image_seq_len {few:g} is not below max_image_seq_len {many:g}")
    low, high = _number(config, "base_shift", 0.5), _number(config, "max_shift", 1.15)
    value = low + (patches - few) / (many - few) * (high - low)
    kind = config.get("time_shift_type", "exponential")
    if kind not in ("exponential", "linear"):
        raise OptionError(f"the shift {kind!r:.40} is not known")
    return math.exp(min(value, math.log(LARGEST))) if kind == "exponential" else value


def _number(config: Mapping[str, Any], name: str, default: float) -> float:
    value = config.get(name, default)
    if not isinstance(value, int | float) or not 0 <= value <= MOST:
        raise OptionError(f"{name} must be a number in [0, {MOST:g}], got {value!r:.40}")
    return float(value)
