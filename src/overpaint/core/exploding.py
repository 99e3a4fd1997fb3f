"""Variance exploding over any model, by a change of variables (arXiv 2206.00364, section 3).

A state alpha * x0 + sigma * eps, over alpha, is x0 + (sigma / alpha) * eps: the network is the same
and so is the noise that it sees, if levels are paired by their signal-to-noise ratio.
"""

import math

from torch import Tensor

from overpaint.core.prediction import Denoiser, Prediction, from_x0
from overpaint.core.schedule import CLEAN, Level, Schedule, variance_exploding


def exploding(denoise: Denoiser, schedule: Schedule) -> Denoiser:
    """A denoiser of states x0 + sigma * eps, out of one that knows the levels of `schedule`.

    Noise beyond the schedule's own is shown to the network as the nearest it knows.
    """

    def asked(x: Tensor, level: Level) -> Prediction:
        own = schedule.at(schedule.time_at(level.log_snr))
        pred = denoise(own.alpha * x, own)
        if level.sigma == 0:
            return pred
        return from_x0(x, level, pred.x0, pred.variance)

    return asked


def exploding_path(schedule: Schedule, t0: float, n: int) -> list[Level]:
    """n moves to the picture from the noise that time `t0` of `schedule` has: sigma is geometric.

    The last one removes the schedule's least noise; `t` of a level is the schedule's own time.
    """
    ratios = [lv.sigma / lv.alpha for lv in schedule.path(range(len(schedule))) if lv.alpha > 0]
    low, high = ratios[0], ratios[-1]
    start = schedule.at(t0)
    ratio = min(start.sigma / start.alpha, high) if start.alpha > 0 else high
    fraction = math.log(ratio / low) / math.log(high / low)
    noisy = variance_exploding(fraction, max(n - 1, 1), low, high)[:n]
    return [*(Level(schedule.time_at(lv.log_snr), 1.0, lv.sigma) for lv in noisy), CLEAN]
