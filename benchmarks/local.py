"""Local edits by text, each in the region that the true edit changes: as asked, and kept."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import count as upwards
from typing import Any

import numpy as np
import torch
from torch import Tensor

from benchmarks.edits import Aim
from benchmarks.worlds import read
from overpaint import parts
from overpaint.methods import registry
from overpaint.methods.registry import Run, Task
from overpaint.models.bundle import DiffusionModel
from overpaint.models.zoo import load
from overpaint.portraits.dataset import scenes
from overpaint.portraits.regions import changed
from overpaint.portraits.render import render
from overpaint.portraits.scene import VALUES, Scene, counterfactual, visible
from overpaint.portraits.words import PHRASES
from overpaint.recipes.training import HELD_OUT, images

METHOD = "blended"
KINDS: Mapping[str, tuple[str, str | None]] = {
    "hair colour": ("hair", None),
    "hat": ("headwear", "top hat"),
    "glasses": ("eyewear", "glasses"),
    "beard": ("facial_hair", "beard"),
    "background": ("background", None),
}
"""What is asked for: an attribute at a value, or at any other than it has."""
WAYS = ("exact", "free")
SMALLEST = 12  # pixels: in fewer there is nothing to see
Figures = dict[str, float]


@dataclass(frozen=True)
class Local:
    """One edit that is asked for, and the perfect one."""

    aim: Aim
    prompt: str
    picture: Tensor  # (1, 3, 64, 64) in [-1, 1]
    truth: Tensor  # the same, edited perfectly
    region: Tensor  # (1, 1, 64, 64), 1 where both differ
    shown: frozenset[str]  # attributes to be seen before and after

    @property
    def task(self) -> Task:
        return Task(self.picture, self.prompt, mask=self.region)


@cache
def wanted(name: str, count: int = 64) -> tuple[Local, ...]:
    """The first held-out photos in which an edit of this kind can be asked for."""
    found = list[Local]()
    for local in _each(name):
        if len(found) == count:
            break
        found.append(local)
    return tuple(found)


def _each(name: str) -> Iterator[Local]:
    (attribute, only), rng = KINDS[name], np.random.default_rng([HELD_OUT, len(name)])
    for scene in (scene for chunk in upwards() for scene in scenes("photos", HELD_OUT, chunk)):
        others = [value for value in VALUES[attribute] if value != getattr(scene, attribute)]
        value = only or str(rng.choice(others))
        edit = counterfactual(scene, **{attribute: value})
        shown = frozenset(visible(scene)) & frozenset(visible(edit))
        if value not in others or attribute not in shown:
            continue
        before, after = render(scene), render(edit)
        if (region := changed(before, after)).sum() >= SMALLEST:
            yield Local(
                Aim(attribute, value),
                prompt(scene, attribute, value),
                *images(np.stack([before, after])).split(1),
                torch.from_numpy(region)[None, None].float(),
                shown,
            )


def prompt(scene: Scene, attribute: str, value: str) -> str:
    """What a user would write: "a person with a top hat", "a cat with red fur"."""
    if attribute == "hair":
        return f"a {scene.kind} with {value} {'hair' if scene.kind == 'person' else 'fur'}"
    return f"a {scene.kind} {PHRASES[attribute][value][0]}"


def edited(
    model: DiffusionModel, locals_: Sequence[Local], ways: Mapping[str, Mapping[str, Any]]
) -> tuple[dict[str, Tensor], Figures]:
    """Every way's edits `(N, 3, 64, 64)` and its seconds a picture; the ways take turns."""
    made: dict[str, list[Tensor]] = {way: [] for way in ways}
    seconds = dict.fromkeys(ways, 0.0)
    method, first = registry.find(METHOD), locals_[0].task
    found = parts.resolve(method, model, first, {}, options=None)
    for seed, local in enumerate(locals_):
        for way, options in ways.items():
            began = time.perf_counter()
            settings = registry.parse_options(method, options)
            outcome = registry.perform(method, model, local.task, settings, Run((seed,)), found)
            seconds[way] += time.perf_counter() - began
            made[way].append(outcome.images)
    each = {way: spent / len(locals_) for way, spent in seconds.items()}
    return {way: torch.cat(pictures) for way, pictures in made.items()}, each


def as_asked(locals_: Sequence[Local], made: Tensor) -> Tensor:
    """(N,) bool: which edits the judge reads as they were asked for."""
    after = read(made)
    return torch.stack(
        [after[each.aim.attribute][i].argmax() == each.aim.index for i, each in enumerate(locals_)]
    )


def kept(locals_: Sequence[Local], made: Tensor) -> float:
    """Share of the other attributes shown before and after that read as before."""
    before, after = read(torch.cat([each.picture for each in locals_])), read(made)
    same = [
        bool(before[name][i].argmax() == after[name][i].argmax())
        for i, each in enumerate(locals_)
        for name in each.aim.others()
        if name in each.shown
    ]
    return sum(same) / len(same)


def compared(name: str, count: int = 64) -> tuple[Figures, Tensor]:
    """What both gradients and the true edits reach; rows of sources, truth and edits."""
    asked_for = wanted(name, count)
    ways = {way: {"gradient": way} for way in WAYS}
    made, seconds = edited(load("portraits"), asked_for, ways)
    made = {"true": torch.cat([each.truth for each in asked_for]), **made}
    figures = {}
    for way, pictures in made.items():
        figures[f"{name}, {way}: asked"] = float(as_asked(asked_for, pictures).float().mean())
        figures[f"{name}, {way}: kept"] = kept(asked_for, pictures)
    figures |= {f"{name}, {way}: seconds": spent for way, spent in seconds.items()}
    figures[f"{name}: share of the seconds"] = seconds["free"] / seconds["exact"]
    sources = torch.cat([each.picture for each in asked_for])
    return figures, torch.stack([sources, *made.values()])
