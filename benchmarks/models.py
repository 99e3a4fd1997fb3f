"""Judge and CLIP on held-out renders; samples and reconstructions of the pixel model."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import torch

from benchmarks.worlds import HELD_OUT, HeldOut, clip, held_out, read
from overpaint.core.schedule import Level, below
from overpaint.core.solvers import last
from overpaint.inversions.ddim import ddim, replay
from overpaint.inversions.fixed_point import fixed_point
from overpaint.inversions.trajectory import Trajectory
from overpaint.metrics.fidelity import mae
from overpaint.metrics.semantic import accuracy, confident
from overpaint.models.bundle import DiffusionModel
from overpaint.models.clip import Clip
from overpaint.models.zoo import load
from overpaint.portraits.layout import CURLY, LONG
from overpaint.portraits.scene import VALUES
from overpaint.recipes.drawing import drawn

Figures = dict[str, float]
Said = str | dict[str, str]  # how a value is said: a pattern, or a sentence for each
PARTS = ("kind", "expression", "eyewear", "headwear")

PROMPTS: dict[str, Said] = {
    "hair": "a person with {} hair",
    "hair_style": {
        "bald": "a person with a bald head",
        "short": "a person with short hair",
        "long": "a person with long hair",
        "curly": "a person with curly hair",
        "mohawk": "a person with a mohawk",
        "bun": "a person with hair in a bun",
    },
    "headwear": "a person wearing a {}",
    "eyewear": "a person wearing {}",
    "background": "a person on a {} background",
    "style": {
        "photo": "a photo of a person",
        "pencil sketch": "a pencil sketch of a person",
        "bronze statue": "a bronze statue of a person",
        "neon": "a neon sign of a person",
        "pixel art": "pixel art of a person",
        "zombie": "a zombie",
        "clay": "a clay sculpture of a person",
        "watercolour": "a watercolour painting of a person",
    },
}
MORE: dict[str, Said] = {
    "facial_hair": "a person with a {}",
    "expression": {
        "neutral": "a person with a neutral expression",
        "smiling": "a smiling person",
        "sad": "a sad person",
        "surprised": "a surprised person",
        "angry": "an angry person",
    },
    "kind": "a photo of a {}",
}
NONE = {
    "headwear": "a person without a hat",
    "eyewear": "a person without glasses",
    "facial_hair": "a person without a beard",
}


def judging() -> Figures:
    """Accuracy of the judge on held-out renders of all styles, by attribute and on average."""
    data = held_out("all_styles")
    found = accuracy(read(data.pictures), data.labels)
    return {"mean": sum(found.values()) / len(found), **found}


def zero_shot() -> Figures:
    """Accuracy of CLIP by one prompt a value on held-out renders, where the attribute shows."""
    return read_by(clip(), held_out("all_styles"), PROMPTS)


def ranking_eye() -> Figures:
    """The same of the CLIP that ranks, on held-out photos; styles on renders of all of them."""
    model = clip("clip-check")
    styles = read_by(model, held_out("all_styles"), {"style": PROMPTS["style"]})
    photos = {name: said for name, said in (PROMPTS | MORE).items() if name != "style"}
    return read_by(model, held_out("photos"), photos) | styles


def read_by(model: Clip, data: HeldOut, said: Mapping[str, Said]) -> Figures:
    """Accuracy of a CLIP on `data`, by one prompt a value of the attributes that `said` has."""
    with torch.no_grad():
        seen = torch.cat([model.image(part) for part in data.pictures.split(125)])
        reading = {name: seen @ model.text(sentences(name, said[name])).T for name in said}
    return accuracy(reading, {name: data.labels[name] for name in said})


def sentences(name: str, said: Said) -> list[str]:
    if isinstance(said, dict):
        return [said[value] for value in VALUES[name]]
    return [NONE[name] if value == "none" else said.format(value) for value in VALUES[name]]


def samples(count: int = 500, steps: int = 50) -> tuple[Figures, torch.Tensor]:
    """Share of samples whose parts the judge reads with confidence over 0.9; the first 64."""
    pictures = drawn(load("portraits"), range(count), steps, batch_size=50)
    sure, reference = _sure(pictures), _sure(held_out("photos").pictures)
    return {"samples": sure, "renders": reference}, pictures[:64]


def _sure(pictures: torch.Tensor) -> float:
    reading = read(pictures)
    person = reading["kind"].argmax(1) == VALUES["kind"].index("person")
    style, bare = reading["hair_style"].argmax(1), reading["headwear"].argmax(1) == 0
    shows = bare | (style == LONG) | (style == CURLY)
    sure = confident(reading, PARTS)
    sure &= confident(reading, ["facial_hair"]) | ~person
    sure &= confident(reading, ["hair_style"]) | ~(person & shows)
    return float(sure.float().mean())


def reconstruction(count: int = 64, t0: float = 500, steps: int = 40) -> Figures:
    """Mean absolute error in [0, 1] of inversion and generation on held-out photos."""
    truth, found = held_out("photos").pictures[:count], {}
    for dtype in dict.fromkeys((load("portraits").dtype, torch.float32)):
        model = load("portraits", dtype=str(dtype).removeprefix("torch."))
        levels = model.schedule.path(below(t0, steps))
        for ahead in (False, True):
            name = f"{dtype}, asked {'ahead' if ahead else 'behind'}".removeprefix("torch.")
            found[name] = _lost(model, truth, levels, partial(ddim, ask_ahead=ahead))
        for calls in (1, 2, 3):
            name = f"{dtype}, fixed point of {calls}".removeprefix("torch.")
            found[name] = _lost(model, truth, levels, partial(fixed_point, iterations=calls))
    return {"default": next(iter(found.values())), **found}


def _lost(
    model: DiffusionModel,
    truth: torch.Tensor,
    levels: Sequence[Level],
    invert: Callable[..., Trajectory],
) -> float:
    back = []
    with torch.no_grad():
        for part in truth.split(16):
            path = invert(model, model.codec.encode(part), levels)
            back.append(model.codec.decode(last(replay(path, model))))
    made = torch.cat(back).clamp(-1, 1)
    return float(mae((made + 1) / 2, (truth + 1) / 2).mean())


__all__ = ["HELD_OUT", "judging", "ranking_eye", "reconstruction", "samples", "zero_shot"]
