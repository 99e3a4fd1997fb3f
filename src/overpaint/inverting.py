"""To noise and back: how well a model keeps a picture."""

import time
from dataclasses import dataclass, replace

import torch
from PIL import Image

from overpaint.core.schedule import below
from overpaint.core.solvers import last
from overpaint.core.watch import Watch, unwatched
from overpaint.data.images import read_image
from overpaint.data.placement import fit
from overpaint.inversions.registry import find
from overpaint.inversions.trajectory import replay
from overpaint.memory import memory_errors
from overpaint.metrics.fidelity import mae, psnr, ssim
from overpaint.models.bundle import Calls, DiffusionModel
from overpaint.models.zoo import load


@dataclass(frozen=True)
class Reconstruction:
    """A picture after the round trip; the figures compare it at the model's own size."""

    image: Image.Image
    mae: float
    psnr: float
    ssim: float
    calls: int
    seconds: float
    residual: float | None = None  # of the inversion, where it was solved for

    def figures(self) -> dict[str, float]:
        """All but the picture; MAE of values in [0, 1], PSNR in decibels."""
        names = ("mae", "psnr", "ssim", "residual", "calls", "seconds")
        found = {name: getattr(self, name) for name in names}
        return {name: value for name, value in found.items() if value is not None}


@memory_errors("reconstruction")
def reconstruct(
    image: object,
    *,
    model: str | DiffusionModel = "portraits",
    strength: float = 0.5,
    steps: int = 40,
    inversion: str = "ddim",
    device: str = "auto",
    dtype: str = "auto",
    watch: Watch = unwatched,
) -> Reconstruction:
    """Inversion to `strength` of the path in `steps` moves on the closed grid, and back.

    inversion: a name of `overpaint.inversions.registry`.
    """
    invert = find(inversion)
    picture = read_image(image)
    loaded = load(model, device, dtype) if isinstance(model, str) else model
    counted = replace(loaded, calls=Calls())
    began = time.monotonic()
    source, placement = fit(picture, counted.frame)
    counted = counted.paced(source)
    levels = counted.schedule.path(below(counted.schedule.time_of(strength), steps))
    with torch.no_grad():
        x0 = counted.codec.encode(source.to(counted.device))
        trajectory = invert(counted, x0, levels, watch=watch)
        back = last(watch(replay(trajectory, counted), len(levels) - 1, "reconstructing"))
        rebuilt = counted.codec.decode(back).cpu()
    seconds = time.monotonic() - began
    truth, made = (source + 1) / 2, (rebuilt.clamp(-1, 1) + 1) / 2
    calls = counted.calls.count if counted.calls else 0
    return Reconstruction(
        image=placement.paste(rebuilt),
        mae=float(mae(made, truth)),
        psnr=float(psnr(made, truth)),
        ssim=float(ssim(made, truth)),
        calls=calls,
        seconds=seconds,
        residual=trajectory.residual,
    )
