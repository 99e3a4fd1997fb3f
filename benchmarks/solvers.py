"""How near a few steps of generation come to forty."""

import torch

from benchmarks.worlds import held_out
from overpaint.core.schedule import below, by_log_snr
from overpaint.core.solvers import StepFn, ddim, dpmpp_2m, last, solve
from overpaint.inversions.ddim import ddim as invert
from overpaint.models.zoo import load

TIMES = (250.0, 500.0, 700.0)


def few_steps(count: int = 16, t0: float = 500.0) -> dict[str, float]:
    """Mean absolute difference in [0, 1] to forty DDIM steps, from photos inverted to `t0`."""
    model, photos = load("portraits"), held_out("photos").pictures[:count]
    schedule = model.schedule
    with torch.no_grad():
        x0 = model.codec.encode(photos)
        noise = invert(model, x0, schedule.path(below(t0, 40))).noise

        def made(times: list[float], step: StepFn) -> torch.Tensor:
            state = last(solve(model, noise, schedule.path(times), step))
            return model.codec.decode(state).clamp(-1, 1)

        forty = made(below(t0, 40), ddim)
        few = {
            "ddim 12": made(below(t0, 12), ddim),
            "ddim 6": made(below(t0, 6), ddim),
            "ddim 6, log-SNR": made(by_log_snr(schedule, t0, 6), ddim),
            "dpmpp_2m 6": made(below(t0, 6), dpmpp_2m()),
            "dpmpp_2m 6, log-SNR": made(by_log_snr(schedule, t0, 6), dpmpp_2m()),
        }
    return {name: float((each - forty).abs().mean() / 2) for name, each in few.items()}


def all_times(count: int = 16) -> dict[str, float]:
    """The same for several times to return to."""
    return {
        f"t0 {t0:g}: {name}": value for t0 in TIMES for name, value in few_steps(count, t0).items()
    }
