"""SDEdit's own editing loop, masks and repeats included."""

import pytest
import torch

from overpaint.core.masks import blend
from overpaint.core.schedule import NoiseSchedule
from overpaint.core.solvers import ancestral, euler_maruyama_vp, solve

from .. import golden
from ..gaussian import Gaussian

SCHEDULE = NoiseSchedule.linear()
STEPS = {"fixedsmall": ancestral, "fixedlarge": euler_maruyama_vp}


class Wave:
    """The noises of a run from its n-th on."""

    def __init__(self, run, n, shape):
        self.run, self.n, self.shape = run, n, shape

    def randn_like(self, x):
        self.n += 1
        return golden.noise(f"{self.run}/0/{self.n - 1}", self.shape)


def repeat(model, x0, free, rng, setting):
    """One pass of the loop: every state that the model sees, by its time, and the last state.

    The reference keeps the background one level too noisy, hence `t + 1`.
    """
    eps = rng.randn_like(x0)
    levels = SCHEDULE.path(range(setting["t0"] - 1, -2, -1))

    def after(x, level):
        return blend(x, SCHEDULE.at(level.t + 1).noised(x0, eps), free)

    start = levels[0].noised(x0, eps)
    states = [start, *solve(model, start, levels, STEPS[setting["var_type"]](rng), after)]
    return {level.t: state for level, state in zip(levels, states, strict=True)}


@pytest.mark.parametrize("run", ["masked", "free", "large"])
def test_the_loop_of_the_reference(run):
    numbers, setting = golden.arrays("sdedit_vp"), golden.facts("sdedit_vp")["runs"][run]
    kept = numbers["mask"] if setting["mask"] == "mask" else torch.zeros(3, 16, 16)
    x0 = (2 * numbers["image01"] - 1).expand(2, 3, 16, 16)
    for r in range(setting["repeats"]):
        rng = Wave(run, r * (setting["t0"] + 1), tuple(x0.shape))
        states = repeat(Gaussian(numbers["m"]), x0, 1 - kept, rng, setting)
        expected = {float(t): numbers[f"{run}.before_t{t}.{r}"] for t in setting["recorded_t"]} | {
            setting["t0"] - 1.0: numbers[f"{run}.init.{r}"]
        }
        for t, state in expected.items():
            torch.testing.assert_close(states[t], state, rtol=0, atol=1e-5, msg=f"{r}: time {t}")
        torch.testing.assert_close(states[-1], numbers[f"{run}.sample.{r}"], rtol=0, atol=1e-5)
        x0 = blend(states[-1], x0, 1 - kept)
