"""Stroke to unseen: rough drawings made real by a bridge, then edited (arXiv 2110.02711, 3.4)."""

from pathlib import Path

import torch
from torch import Tensor

from benchmarks.pictures import arrays
from benchmarks.worlds import held_out, read
from overpaint.data.images import Picture, read_image
from overpaint.data.placement import fit
from overpaint.data.strokes import on_paper, simulated
from overpaint.methods import registry
from overpaint.methods.bridging import bridge
from overpaint.methods.diffusionclip import Options
from overpaint.methods.registry import Run, Task
from overpaint.models.bundle import DiffusionModel
from overpaint.models.control import read_adapter
from overpaint.models.zoo import WEIGHTS, load
from overpaint.portraits.scene import VALUES

DRAWN = Path(__file__).parent.parent / "examples" / "strokes.png"
ADAPTER = WEIGHTS / "adapters" / "zombie"
STRENGTHS, REPEATS, STEPS = (0.4, 0.5, 0.6), 3, 40
COARSE = ("kind", "hair", "background", "clothing")  # what six colours can still say
COLUMNS = 8  # of the sheet; the last picture is drawn by hand


def measured(count: int = 16) -> dict[str, float]:
    """For each strength and number of repeats, the shares of coarse attributes that are the
    original's once strokes were made real, and of zombies after the edit."""
    model, photos = load("portraits"), held_out("photos").pictures[:count]
    guides, truth = painted(photos, model.size), read(photos)
    figures = {}
    for strength in STRENGTHS:
        for repeats, real in enumerate(bridged(model, guides, strength), 1):
            found, style = read(real), read(zombies(model, real))["style"].argmax(1)
            same = [(found[name].argmax(1) == truth[name].argmax(1)).float() for name in COARSE]
            name = f"strength {strength}, {repeats} x"
            figures[f"{name}: as painted"] = float(torch.cat(same).mean())
            zombie = style == VALUES["style"].index("zombie")
            figures[f"{name}: zombies"] = float(zombie.float().mean())
    return figures


def sheet(strength: float = 0.5) -> Tensor:
    """Rows of `COLUMNS` pictures: originals, strokes, and after one and after three repeats what
    came of them and its edit."""
    model, photos = load("portraits"), held_out("photos").pictures[: COLUMNS - 1]
    drawn = pixels(on_paper(read_image(DRAWN), "white").image, model.size)
    guides = torch.cat([painted(photos, model.size), drawn])
    once, _, thrice = bridged(model, guides, strength)
    rows = [torch.cat([photos, drawn]), guides]
    for real in (once, thrice):
        rows += [real, zombies(model, real)]
    return torch.cat(rows)


def painted(photos: Tensor, size: int) -> Tensor:
    """Strokes of photos `(N, 3, S, S)` in [-1, 1], six colours each."""
    return torch.cat([pixels(simulated(Picture(array)), size) for array in arrays(photos)])


def pixels(image: object, size: int) -> Tensor:
    """A picture as the model is given it, `(1, 3, size, size)` in [-1, 1]."""
    return fit(read_image(image), size)[0]


def bridged(model: DiffusionModel, guides: Tensor, strength: float) -> list[Tensor]:
    """Guides `(N, 3, S, S)` made real, after each of `REPEATS` repeats."""
    x, found = model.codec.encode(guides), []
    t0 = model.schedule.time_of(strength)
    for repeat in range(REPEATS):
        run = Run(tuple(range(repeat * len(x), (repeat + 1) * len(x))))
        with torch.no_grad():
            x = bridge(model, x, t0, steps=STEPS, repeats=1, run=run)
        found.append(model.codec.decode(x).clamp(-1, 1))
    return found


def zombies(model: DiffusionModel, pictures: Tensor) -> Tensor:
    """Pictures edited by the embedded adapter, without another bridge."""
    method, parts = registry.find("diffusionclip"), {"adapter": read_adapter(ADAPTER)}
    run = Run(tuple(range(len(pictures))))
    task = Task(pictures, str(parts["adapter"].card["prompt"]))
    return registry.perform(method, model, task, Options(bridge="off"), run, parts).images
