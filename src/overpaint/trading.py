"""What an SDEdit gives up of its guide for realism, strength by strength (arXiv 2108.01073)."""

import csv
import io
import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from torch import Tensor

from overpaint import parts as loaded
from overpaint.core.watch import Watch, unwatched
from overpaint.data.charts import Panel, chart
from overpaint.data.images import read_image
from overpaint.data.placement import fit
from overpaint.errors import OptionError
from overpaint.memory import memory_errors
from overpaint.methods import registry
from overpaint.methods.aiming import ROUGH, SEEN, distance, knee
from overpaint.methods.realism import Gallery
from overpaint.methods.registry import Run, Task
from overpaint.methods.sdedit import Edit, Options
from overpaint.models.bundle import DiffusionModel
from overpaint.models.zoo import load

PORTION = 16  # pictures that are drawn together
DECIDED = ("strength", "faithfulness", "realism", "real")  # of the method; here all are tried


@dataclass(frozen=True)
class Point:
    """Means over the pictures of one strength; the first two: lower is better."""

    strength: float
    faithfulness: float  # metric l2 between guide and picture
    realism: float  # KID of the pictures by the judge's features
    bound: float | None  # the paper's, on the distance; None after repeats and of latents


@dataclass(frozen=True)
class Curve:
    """Points by rising strength; knee: the strength after which realism gains little."""

    points: tuple[Point, ...]
    knee: float
    pictures: int  # of each strength

    def chart(self) -> Image.Image:
        """Both curves over the strength, the knee marked."""
        x = [point.strength for point in self.points]
        shown = {
            "Faithfulness: L2 to the guide": [point.faithfulness for point in self.points],
            "Realism: KID (lower is better)": [point.realism for point in self.points],
        }
        return chart([Panel(name, "strength", x, y, self.knee) for name, y in shown.items()])

    def csv(self) -> str:
        """The numbers, with the names of `Point`."""
        text = io.StringIO()
        table = csv.DictWriter(text, [field.name for field in fields(Point)], lineterminator="\n")
        table.writeheader()
        table.writerows(map(asdict, self.points))
        return text.getvalue()


@memory_errors("curve")
def tradeoff(
    guides: Iterable[object],
    *,
    model: str | Path | DiffusionModel = "portraits",
    real: str = "",
    strengths: Sequence[float] = ROUGH,
    count: int | None = None,
    seed: int = 0,
    device: str = "auto",
    dtype: str = "auto",
    watch: Watch = unwatched,
    **options: Any,
) -> Curve:
    """SDEdits of `guides` (paths, pictures, arrays) at each strength, all with the same noise.

    Args:
        real: folder of real pictures; rendered ones by default for a model of portraits.
        count: edits of each guide; by default so many that there are eight at least.
        options: of the method sdedit, but what it searches a strength by.
    """
    chosen = _options(options)
    tried = _strengths(strengths)
    base = model if isinstance(model, DiffusionModel) else load(model, device, dtype)
    pictures = [fit(read_image(guide), base.size)[0] for guide in guides]
    if not pictures:
        raise OptionError("no guide is given", hint="Give one picture or more.")
    each = count or math.ceil(SEEN / len(pictures))
    if each * len(pictures) < 2:
        raise OptionError("realism is told of two pictures at least", hint="Raise the count.")
    images = torch.cat(pictures).to(base.device).repeat_interleave(each, 0)
    resolve, edit = loaded.find_gallery, Edit(base, chosen)
    gallery: Gallery = resolve(base, Task(images[:1]), None, watch)
    critic, points = gallery.critic(real), []
    for strength in watch(tried, len(tried), "trying strengths"):
        with torch.no_grad():
            made, bound = _made(edit, images, strength, seed)
        near, score = distance(made, images), critic.kid(made)
        points.append(Point(strength, near, score, bound))
    return Curve(tuple(points), knee({p.strength: p.realism for p in points}), len(images))


def _made(edit: Edit, images: Tensor, strength: float, seed: int) -> tuple[Tensor, float | None]:
    """The edit of each of (N, 3, S, S), the k-th with the seed after the k-th; the mean bound."""
    made, total = [], 0.0
    for first in range(0, len(images), PORTION):
        part = images[first : first + PORTION]
        run = Run(tuple(range(seed + first, seed + first + len(part))))
        found, bound = edit.made(Task(part), strength, run)
        made.append(found.clamp(-1, 1))
        total += math.nan if bound is None else bound * len(part)
    return torch.cat(made), None if math.isnan(total) else total / len(images)


def _options(given: dict[str, Any]) -> Options:
    """Of the method, at a strength that is replaced by each of the curve's."""
    if unused := sorted(given.keys() & set(DECIDED)):
        what = f"{unused[0]} is what the curve shows"
        raise OptionError(what, hint="Give strengths (--strengths) and --real.")
    parsed: Options = registry.parse_options(registry.find("sdedit"), given)
    return parsed


def _strengths(given: Sequence[float]) -> list[float]:
    """Rising, each once."""
    if bad := [s for s in given if not 0 < s <= 1]:
        raise OptionError(f"strength must be in (0, 1], got {bad[0]:g}")
    if not given:
        raise OptionError("no strength is given", hint="Give some, such as 0.2,0.4,0.6.")
    return sorted(set(given))
