"""Strokes of held-out portraits made real: the automatic strength, what is valid, both curves."""

import torch
from torch import Tensor

from benchmarks.models import PARTS
from benchmarks.pictures import FOLDER, arrays
from benchmarks.strokes import painted
from benchmarks.worlds import held_out, read
from overpaint.methods.aiming import ROUGH
from overpaint.methods.registry import Run, Task
from overpaint.methods.sdedit import Edit, Options
from overpaint.metrics.semantic import confident
from overpaint.models.zoo import load
from overpaint.portraits.scene import VALUES
from overpaint.trading import Curve, tradeoff

SOLVER, STEPS, REPEATS = "ancestral", 40, 1
SHOWN = 0.95  # of true renders are valid: the bar is laid from them
STRICT = 0.9  # confidence in every part


def measured(
    count: int = 64, *, solver: str = SOLVER, steps: int = STEPS, repeats: int = REPEATS
) -> dict[str, float]:
    """Shares of edits that are valid at the knee of the curve; keeps the curve as a picture."""
    guides = painted(held_out("photos").pictures[:count], load("portraits").size)
    how = {"solver": solver, "num_inference_steps": steps, "repeats": repeats}
    curve = curve_of(guides, how)
    FOLDER.mkdir(parents=True, exist_ok=True)
    curve.chart().save(FOLDER / "tradeoff.png")
    shown = {"edits": made(guides, curve.knee, how), "guides": guides}
    shown["renders"] = held_out("photos").pictures
    figures = {"strength": curve.knee}
    for name, pictures in shown.items():
        figures |= {f"{name}: {what}": share for what, share in valid(pictures).items()}
    for point in curve.points:
        figures |= {f"{point.strength}: L2": point.faithfulness}
        figures |= {f"{point.strength}: KID": point.realism}
    return figures


def curve_of(guides: Tensor, how: dict[str, object], strengths: tuple[float, ...] = ROUGH) -> Curve:
    """One edit of each guide `(N, 3, S, S)` in [-1, 1] at each strength."""
    return tradeoff(list(arrays(guides)), strengths=strengths, count=1, **how)


def made(guides: Tensor, strength: float, how: dict[str, object]) -> Tensor:
    """The edits of guides `(N, 3, S, S)` in [-1, 1]."""
    edit, images = Edit(load("portraits"), Options(**how)), []
    for first in range(0, len(guides), 16):
        part = guides[first : first + 16]
        run = Run(tuple(range(first, first + len(part))))
        with torch.no_grad():
            images.append(edit.made(Task(part), strength, run)[0].clamp(-1, 1))
    return torch.cat(images)


def valid(pictures: Tensor) -> dict[str, float]:
    """Shares of pictures that the judge reads as surely as all but a twentieth of true renders.

    "valid": by the mean confidence of the attributes; "least": by the least of them; "photo": by
    the probability of that style; "strict": each of the parts above a fixed bar.
    """
    bars = sureness(held_out("photos").pictures).quantile(1 - SHOWN, dim=0)
    shares = (sureness(pictures) >= bars).float().mean(0).tolist()
    strict = confident(read(pictures), PARTS, STRICT).float().mean()
    return {**dict(zip(("valid", "least", "photo"), shares, strict=True)), "strict": float(strict)}


def sureness(pictures: Tensor) -> Tensor:
    """`(N, 3)`: mean and least confidence in the attributes, probability of a photo."""
    reading = read(pictures)
    sure = torch.stack([reading[name].amax(1) for name in reading if name != "style"], 1)
    photo = reading["style"][:, VALUES["style"].index("photo")]
    return torch.stack([sure.mean(1), sure.amin(1), photo], 1)
