"""The sampling loop, and the steps it can take."""

import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise
from typing import TypeVar

import torch
from torch import Tensor

from overpaint.core.prediction import Denoiser, Prediction, from_eps, from_x0
from overpaint.core.rng import NoiseStream
from overpaint.core.schedule import Level
from overpaint.errors import OptionError

StepFn = Callable[[Tensor, Prediction, Level, Level], Tensor]
After = Callable[[Tensor, Level], Tensor]
T = TypeVar("T")


def ddim(x: Tensor, pred: Prediction, here: Level, there: Level) -> Tensor:
    """The deterministic step, up or down (DDIM, arXiv 2010.02502, eq. 12 with sigma = 0)."""
    return there.noised(pred.x0, pred.eps)


def solve(
    denoise: Denoiser,
    x: Tensor,
    levels: Sequence[Level],
    step: StepFn = ddim,
    after: After | None = None,
    *,
    ask_ahead: bool = False,
) -> Iterator[Tensor]:
    """The states (B, ...) at levels[1:], starting from `x` at levels[0]; the only sampling loop.

    Args:
        after: what happens to a state once it has reached its level.
        ask_ahead: ask the network at the level gone to, not at the one come from.
    """
    for here, there in pairwise(levels):
        pred = from_eps(x, here, denoise(x, there).eps) if ask_ahead else denoise(x, here)
        x = step(x, pred, here, there)
        if after is not None:
            x = after(x, there)
        yield x


def last(items: Iterable[T]) -> T:
    """The last of the items, when all have been made."""
    kept = deque(items, maxlen=1)
    if not kept:
        raise OptionError("a path needs at least two levels")
    return kept[0]


def ddim_eta(rng: NoiseStream, eta: float = 1.0) -> StepFn:
    """DDIM with noise (arXiv 2010.02502, eq. 16): eta 0 is `ddim`, eta 1 is `ancestral`."""

    def step(x: Tensor, pred: Prediction, here: Level, there: Level) -> Tensor:
        spread = eta * math.sqrt(posterior_variance(here, there))
        moved = _leaving_room(pred, there, spread)
        return moved + spread * rng.randn_like(x) if spread > 0 else moved

    return step


def posterior_variance(here: Level, there: Level) -> float:
    """The variance of the state `there` given the one `here` and x0 (arXiv 2006.11239, eq. 7)."""
    return _beta(here, there) * (there.sigma / here.sigma) ** 2


def posterior(
    pred: Prediction, here: Level, there: Level, *, least: float = 0.0
) -> tuple[Tensor, Tensor | float]:
    """Mean and log variance of the state `there` given the one `here` (arXiv 2102.09672, eq. 15).

    least: the posterior's variance where it is smaller; guided-diffusion lets the step to the
        picture, which has none, count with that of the step before.
    """
    small = posterior_variance(here, there)
    mean = _leaving_room(pred, there, math.sqrt(small))
    low = math.log(max(small, least)) if max(small, least) > 0 else -math.inf
    if pred.variance is None or low == -math.inf:
        return mean, low
    return mean, low + pred.variance * (math.log(_beta(here, there)) - low)


def ancestral(rng: NoiseStream, *, least: float = 0.0) -> StepFn:
    """DDPM's step (arXiv 2006.11239, eq. 7), with the learned variance where there is one.

    A prediction's pull moves the mean by variance * pull (arXiv 2105.05233, alg. 1).

    least: see `posterior`; only a pull takes notice, since the last step adds no noise.
    """

    def step(x: Tensor, pred: Prediction, here: Level, there: Level) -> Tensor:
        mean, log_variance = posterior(pred, here, there, least=least)
        if pred.pull is not None:
            mean = mean + _exp(log_variance) * pred.pull
        if there.sigma == 0:
            return mean
        return mean + _exp(log_variance / 2) * rng.randn_like(x)

    return step


def euler_maruyama_vp(rng: NoiseStream) -> StepFn:
    """The reverse variance-preserving SDE (SDEdit, arXiv 2108.01073, appendix)."""

    def step(x: Tensor, pred: Prediction, here: Level, there: Level) -> Tensor:
        beta = _beta(here, there)
        moved = (x - beta / here.sigma * pred.eps) / math.sqrt(1 - beta)
        return moved + math.sqrt(beta) * rng.randn_like(x) if there.sigma > 0 else moved

    return step


def euler_maruyama_ve(rng: NoiseStream) -> StepFn:
    """The reverse variance-exploding SDE, alpha = 1 (SDEdit, arXiv 2108.01073, algorithm 1)."""

    def step(x: Tensor, pred: Prediction, here: Level, there: Level) -> Tensor:
        drop = here.sigma**2 - there.sigma**2
        moved = x - drop / here.sigma * pred.eps
        return moved + math.sqrt(drop) * rng.randn_like(x) if there.sigma > 0 else moved

    return step


def dpmpp_2m() -> StepFn:
    """A second-order multistep solver (DPM-Solver++, arXiv 2211.01095, algorithm 2).

    It is `ddim` with x0 extrapolated from the last two predictions, so it remembers one: make a
    new one for each path.
    """
    before: tuple[Level, Level, Tensor] | None = None

    def step(x: Tensor, pred: Prediction, here: Level, there: Level) -> Tensor:
        nonlocal before
        previous, before = before, (here, there, pred.x0)
        if previous is None or previous[1] != here or there.sigma == 0:
            return ddim(x, pred, here, there)
        past, _, past_x0 = previous
        ratio = (there.log_snr - here.log_snr) / (here.log_snr - past.log_snr)
        x0 = pred.x0 + ratio / 2 * (pred.x0 - past_x0)
        return ddim(x, from_x0(x, here, x0), here, there)

    return step


def _beta(here: Level, there: Level) -> float:
    """The noise variance that the forward process adds from `there` to `here`."""
    if here.log_snr >= there.log_snr:
        raise OptionError("a step with noise leads down the path; invert without noise")
    return here.sigma**2 - (here.alpha / there.alpha * there.sigma) ** 2


def _leaving_room(pred: Prediction, there: Level, spread: float) -> Tensor:
    """The predicted state `there`, short of noise of standard deviation `spread`."""
    rest = math.sqrt(max(there.sigma**2 - spread**2, 0.0))
    return there.alpha * pred.x0 + rest * pred.eps


def _exp(value: Tensor | float) -> Tensor | float:
    return torch.exp(value) if isinstance(value, Tensor) else math.exp(value)
