"""Noise levels, and which of them a path visits.

A spacing gives descending times at which to ask the network. `below` and `by_log_snr` end at -1,
the clean picture; after the others it is added by whoever wants to arrive there:
`[*evenly(T, n), -1]`.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import accumulate, pairwise
from operator import mul
from typing import Any, Protocol, Self

from torch import Tensor

from overpaint.errors import OptionError


@dataclass(frozen=True)
class Level:
    """A place on the path `x = alpha * x0 + sigma * eps`; the network knows it by its time `t`."""

    t: float
    alpha: float
    sigma: float

    @property
    def log_snr(self) -> float:
        """log(alpha / sigma): half the logarithm of the signal-to-noise ratio, in [-inf, inf]."""
        if self.sigma == 0:
            return math.inf
        return math.log(self.alpha / self.sigma) if self.alpha > 0 else -math.inf

    def noised(self, x0: Tensor, eps: Tensor) -> Tensor:
        """The state at this level that is made of picture `x0` and noise `eps`."""
        return self.alpha * x0 + self.sigma * eps


CLEAN = Level(-1.0, 1.0, 0.0)
FAINT = 3.2  # log-SNR: sigma is 0.04, five grey levels
LOUD = -6.0  # log-SNR: beyond it, and in noise alone, there is nothing to decide
LONGEST = 100_000  # times of a schedule that is read from a file


class Schedule(Protocol):
    """Times 0, 1, ... of growing noise; -1 is the picture itself."""

    def __len__(self) -> int: ...

    def at(self, t: float) -> Level: ...

    def path(self, times: Iterable[float]) -> list[Level]: ...

    def time_of(self, strength: float) -> float: ...

    def time_at(self, log_snr: float) -> float: ...

    def clock(self, level: Level) -> float: ...


@dataclass(frozen=True)
class NoiseSchedule:
    """A variance-preserving schedule: alpha-bar at times 0, 1, ..., computed in float64."""

    alphas_bar: tuple[float, ...]

    def __len__(self) -> int:
        return len(self.alphas_bar)

    def at(self, t: float) -> Level:
        """The level at time `t` in [-1, len - 1], where -1 is `CLEAN`.

        Between whole times the angle of (alpha, sigma) is interpolated: unlike the log-SNR it is
        finite at both ends.
        """
        if not -1 <= t <= len(self) - 1:
            raise OptionError(f"time must be in [-1, {len(self) - 1}], got {t:g}")
        below = math.floor(t)
        if t == below:
            return self._whole(below)
        low, high = (math.atan2(lv.sigma, lv.alpha) for lv in self.path((below, below + 1)))
        angle = low + (t - below) * (high - low)
        return Level(float(t), math.cos(angle), math.sin(angle))

    def path(self, times: Iterable[float]) -> list[Level]:
        """The levels at `times`, in their order."""
        return [self.at(t) for t in times]

    def time_of(self, strength: float) -> float:
        """The time at which an edit of this strength begins: a fraction in (0, 1] of the path."""
        return check_strength(strength) * (len(self) - 1)

    def time_at(self, log_snr: float) -> float:
        """The time in [0, len - 1] of the level with this log(alpha / sigma), or nearest to it."""
        angle = math.atan(math.exp(-log_snr))
        signal = math.cos(angle) ** 2
        high = next((t for t, a in enumerate(self.alphas_bar) if a <= signal), len(self))
        if high in (0, len(self)):
            return float(min(high, len(self) - 1))
        low, there = (math.atan2(lv.sigma, lv.alpha) for lv in self.path((high - 1, high)))
        return high - 1 + (angle - low) / (there - low)

    def clock(self, level: Level) -> float:
        """The time that the network is told: a clean state is asked for at the first trained."""
        return max(level.t, 0.0)

    def ending_in_noise(self) -> Self:
        """This schedule, stretched to end without any signal (arXiv 2305.08891, algorithm 1)."""
        first, last = math.sqrt(self.alphas_bar[0]), math.sqrt(self.alphas_bar[-1])
        stretch = first / (first - last)
        return type(self)(tuple(((math.sqrt(a) - last) * stretch) ** 2 for a in self.alphas_bar))

    def _whole(self, t: int) -> Level:
        if t == -1:
            return CLEAN
        return Level(float(t), math.sqrt(self.alphas_bar[t]), math.sqrt(1 - self.alphas_bar[t]))

    @classmethod
    def from_betas(cls, betas: Iterable[float]) -> Self:
        """alpha-bar as the running product of 1 - beta."""
        return cls(tuple(accumulate((1 - beta for beta in betas), mul)))

    @classmethod
    def linear(cls, steps: int = 1000, start: float = 1e-4, end: float = 0.02) -> Self:
        """beta rises linearly (DDPM, arXiv 2006.11239)."""
        return cls.from_betas(_linspace(start, end, steps))

    @classmethod
    def scaled_linear(cls, steps: int = 1000, start: float = 8.5e-4, end: float = 0.012) -> Self:
        """The square root of beta rises linearly (latent diffusion, arXiv 2112.10752)."""
        return cls.from_betas(b * b for b in _linspace(math.sqrt(start), math.sqrt(end), steps))

    @classmethod
    def squared_cosine(cls, steps: int = 1000, cap: float = 0.999) -> Self:
        """alpha-bar follows a squared cosine, each beta capped (arXiv 2102.09672, eq. 17)."""
        curve = [math.cos((i / steps + 0.008) / 1.008 * math.pi / 2) ** 2 for i in range(steps + 1)]
        return cls.from_betas(min(1 - curve[i + 1] / curve[i], cap) for i in range(steps))

    @classmethod
    def from_diffusers_config(cls, config: Mapping[str, Any]) -> Self:
        """The schedule that a diffusers `scheduler_config.json` describes.

        Raises:
            OptionError: the config names a schedule that is not known here, or impossible numbers.
        """
        kind, betas = config.get("beta_schedule", "linear"), config.get("trained_betas")
        if betas is not None and not isinstance(betas, list | tuple):
            raise OptionError(f"trained_betas must be a list, got {betas!r:.40}")
        steps = config.get("num_train_timesteps", 1000) if betas is None else len(betas)
        if not isinstance(steps, int) or not 2 <= steps <= LONGEST:
            raise OptionError(f"num_train_timesteps must be in [2, {LONGEST}], got {steps!r:.40}")
        ends = [_beta(config.get(f"beta_{n}", b)) for n, b in (("start", 1e-4), ("end", 0.02))]
        if betas is not None:
            found = cls.from_betas(map(_beta, betas))
        elif kind == "linear":
            found = cls.linear(steps, *ends)
        elif kind == "scaled_linear":
            found = cls.scaled_linear(steps, *ends)
        elif kind == "squaredcos_cap_v2":
            found = cls.squared_cosine(steps)
        else:
            raise OptionError(f"the schedule {kind!r:.40} is not known")
        if not all(1 > here > there for here, there in pairwise(found.alphas_bar)):
            raise OptionError("the schedule does not add noise at every step")
        return found.ending_in_noise() if config.get("rescale_betas_zero_snr") else found


def leading(T: int, n: int, offset: int = 0) -> list[int]:
    """n times a whole stride T // n apart, the last being `offset`."""
    _check_count(n, T)
    return [i * (T // n) + offset for i in reversed(range(n))]


def trailing(T: int, n: int) -> list[int]:
    """n times a stride T / n apart, the first being T - 1 (arXiv 2305.08891, table 2)."""
    _check_count(n, T)
    stride = T / n
    return [round(T - i * stride) - 1 for i in range(n)]


def evenly(T: int, n: int) -> list[int]:
    """n times from T - 1 to 0."""
    _check_count(n, T)
    return [round(t) for t in reversed(_linspace(0, T - 1, n))] if n > 1 else [T - 1]


def below(t0: float, n: int) -> list[float]:
    """The closed grid, n moves: n times from `t0` to 0, then -1, where the picture is clean."""
    _check_count(n)
    return list(dict.fromkeys([*_linspace(t0, 0, n), CLEAN.t]))


def by_log_snr(schedule: Schedule, t0: float, n: int) -> list[float]:
    """n moves: n times from `t0` down evenly in log-SNR, then -1 (arXiv 2206.00927, section 4.1).

    Most of them are low, where detail is decided; the last is where noise is `FAINT`, since the
    paths lead from there straight to the picture. For few steps of a solver of high order.
    """
    _check_count(n)
    start, clearest = max(schedule.at(t0).log_snr, LOUD), schedule.at(0).log_snr
    end = min(FAINT, clearest) if start < FAINT else clearest
    inner = [schedule.time_at(value) for value in _linspace(start, end, n)[1:]]
    return list(dict.fromkeys([t0, *inner, CLEAN.t]))


def official(t0: int, steps: int) -> list[int]:
    """The grid of DiffusionCLIP's code, `t0` to 0, rounded as there; 0 steps are all below `t0`."""
    if steps == 0:
        return list(reversed(range(t0)))
    _check_count(steps)
    return [int(share * t0) for share in reversed(_linspace(0, 1, steps))]


def variance_exploding(
    strength: float, n: int, sigma_min: float = 0.01, sigma_max: float = 378.0
) -> list[Level]:
    """n moves from a fraction of the path to 0; sigma is geometric (SDEdit, arXiv 2108.01073)."""
    _check_count(n)
    times = _linspace(strength, 0, n + 1)
    return [Level(t, 1.0, sigma_min * (sigma_max / sigma_min) ** t) for t in times]


def _linspace(start: float, end: float, n: int) -> list[float]:
    """n numbers with exact ends; `start` alone where n is 1."""
    stride = (end - start) / max(n - 1, 1)
    return [start, *(start + i * stride for i in range(1, n - 1)), end][:n]


def check_strength(strength: float) -> float:
    """A strength that is one: a fraction in (0, 1] of the path."""
    if not 0 < strength <= 1:
        raise OptionError(f"strength must be in (0, 1], got {strength:g}")
    return strength


def _beta(value: object) -> float:
    if not isinstance(value, int | float) or not 0 < value <= 1:
        raise OptionError(f"a beta must be a number in (0, 1], got {value!r:.40}")
    return float(value)


def _check_count(n: int, most: int | None = None) -> None:
    if n < 1 or (most is not None and n > most):
        allowed = "at least 1" if most is None else f"in [1, {most}]"
        raise OptionError(f"the number of steps must be {allowed}, got {n}")
