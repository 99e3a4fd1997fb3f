"""Does a CLIP rank edits as the judge reads them? Regions of held-out photos, filled by chance.

SDEdit knows no text: inside a mask it draws any hat, and the judge says which candidate has the
one that is asked for. No CLIP guided them, so none is favoured.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from benchmarks.models import MORE, PROMPTS, sentences
from benchmarks.worlds import clip, held_out, read
from overpaint.methods import registry
from overpaint.methods.registry import Run, Task
from overpaint.methods.sdedit import Options
from overpaint.models.bundle import DiffusionModel
from overpaint.models.clip import Clip
from overpaint.models.zoo import load
from overpaint.portraits.dataset import scenes
from overpaint.portraits.render import render
from overpaint.portraits.scene import VALUES, Scene, counterfactual, visible
from overpaint.recipes.training import HELD_OUT, images

REGIONS = ("headwear", "hair", "eyewear", "facial_hair")
PHOTOS, CANDIDATES = 16, 8
NEAR = 2  # pixels around what changes
Scores = dict[str, Tensor]


@dataclass(frozen=True)
class Case:
    """Candidates `(N, 3, S, S)` of one photo, and which of them the judge reads as asked."""

    source: Tensor
    made: Tensor
    mask: Tensor
    prompt: str
    source_prompt: str
    asked: Tensor  # (N,) bool, some true and some not


def cases() -> Iterator[Case]:
    """`PHOTOS` of them, as many of each region; photos whose candidates are all alike are left."""
    model, drawn = load("portraits"), list(enumerate(scenes("photos", HELD_OUT, 0)))
    for first, name in enumerate(REGIONS):
        mine = drawn[first :: len(REGIONS)]  # no photo twice
        fitting = (at for at in mine if name in visible(at[1]) and at[1].kind == "person")
        made = (
            _case(model, name, scene, held_out("photos").pictures[index : index + 1])
            for index, scene in fitting
        )
        yield from islice(filter(None, made), PHOTOS // len(REGIONS))


def _case(model: DiffusionModel, name: str, scene: Scene, source: Tensor) -> Case | None:
    mask, run = _region(name, scene), Run(tuple(range(CANDIDATES)))
    task, options = Task(source, mask=mask), Options(strength=0.9, num_inference_steps=20)
    made = registry.perform(registry.find("sdedit"), model, task, options, run, {}).images
    shown = read(made)[name].argmax(1)
    own = VALUES[name].index(getattr(scene, name))
    counts = torch.bincount(shown, minlength=len(VALUES[name]))
    counts[own] = 0
    value = int(torch.where(counts < CANDIDATES, counts, 0).argmax())
    if not 0 < counts[value] < CANDIDATES:
        return None
    texts = sentences(name, (PROMPTS | MORE)[name])
    return Case(source, made, mask, texts[value], texts[own], shown == value)


def _region(name: str, scene: Scene) -> Tensor:
    """Where the picture changes with the attribute, and a little around it: `(1, 1, S, S)`."""
    others = [counterfactual(scene, **{name: value}) for value in VALUES[name]]
    pictures = images(np.stack([render(other) for other in others]))
    spread = (pictures.amax(0) - pictures.amin(0)).amax(0)
    return F.max_pool2d((spread > 0.1).float()[None, None], 2 * NEAR + 1, 1, NEAR)


def cropped(pictures: Tensor, mask: Tensor) -> Tensor:
    """The square around the mask; half of its side more would mostly be the whole picture."""
    rows, columns = (mask[0, 0].amax(axis).nonzero()[:, 0] for axis in (1, 0))
    spans = [(int(each[0]), int(each[-1]) + 1) for each in (rows, columns)]
    side = max(b - a for a, b in spans)
    top, left = (min(max(0, (a + b - side) // 2), pictures.shape[-1] - side) for a, b in spans)
    return pictures[..., top : top + side, left : left + side]


@torch.no_grad()
def scores(model: Clip, case: Case) -> Scores:
    """Every formula's score of the candidates: by what is seen and by how it is compared."""
    found, both = {}, torch.cat([case.source, case.made])
    views = {"context": both, "crop": cropped(both, case.mask)}
    for view, pictures in views.items():
        seen = model.image(pictures)
        for name, said_before in (("", case.source_prompt), (", open", "a person")):
            text, before = model.text([case.prompt, said_before])
            away, change = seen[1:] - seen[:1], text - before
            found[f"{view}: cosine"] = seen[1:] @ text
            found[f"{view}: difference{name}"] = seen[1:] @ change
            found[f"{view}: direction{name}"] = F.cosine_similarity(away, change[None])
    ways = [name.removeprefix("crop: ") for name in found if name.startswith("crop")]
    means = {f"both: {way}": (found[f"crop: {way}"] + found[f"context: {way}"]) / 2 for way in ways}
    return found | means


def auc(score: Tensor, asked: Tensor) -> float:
    """How often a candidate as asked scores above one that is not."""
    apart = score[asked][:, None] - score[~asked][None]
    return float((apart > 0).float().mean() + (apart == 0).float().mean() / 2)


def ranked() -> dict[str, float]:
    """Of each formula: AUC within a photo and how often the first is as asked, on average."""
    figures, found = {}, list(cases())
    figures["by chance: first"] = float(torch.stack([c.asked.float().mean() for c in found]).mean())
    for name in ("clip-check", "clip"):
        each = [(scores(clip(name), case), case.asked) for case in found]
        for formula in each[0][0]:
            aucs = [auc(score[formula], asked) for score, asked in each]
            firsts = [float(asked[score[formula].argmax()]) for score, asked in each]
            figures[f"{name}, {formula}: AUC"] = sum(aucs) / len(aucs)
            figures[f"{name}, {formula}: first"] = sum(firsts) / len(firsts)
    return figures
