"""Local edits by text, each in the region that the true edit changes: as asked, and kept."""

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
WAYS: Mapping[str, Mapping[str, object]] = {
    "exact": {"gradient": "exact"},
    "free": {"gradient": "free"},
    "text alone": {"gradient": "free", "loss": "arc"},
}
"""Both gradients, and without what the source prompt tells."""
SMALLEST = 12  # pixels: in fewer there is nothing to see
Figures = dict[str, float]


@dataclass(frozen=True)
class Local:
    """One edit that is asked for, and the perfect one."""

    aim: Aim
    prompt: str
    source_prompt: str  # the same of the picture as it is: "a person without glasses"
    picture: Tensor  # (1, 3, 64, 64) in [-1, 1]
    truth: Tensor  # the same, edited perfectly
    region: Tensor  # (1, 1, 64, 64), 1 where both differ
    shown: frozenset[str]  # attributes to be seen before and after

    @property
    def task(self) -> Task:
        return Task(self.picture, self.prompt, self.source_prompt, mask=self.region)


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
                prompt(scene, attribute, getattr(scene, attribute)),
                *images(np.stack([before, after])).split(1),
                torch.from_numpy(region)[None, None].float(),
                shown,
            )


def prompt(scene: Scene, attribute: str, value: str) -> str:
    """What a user would write: "a person with a top hat", "a cat with red fur"."""
    if attribute == "hair":
        return f"a {scene.kind} with {value} {'hair' if scene.kind == 'person' else 'fur'}"
    return f"a {scene.kind} {PHRASES[attribute][value][0]}"


def tools(model: DiffusionModel, task: Task) -> Mapping[str, Any]:
    """The loaded objects that the method takes."""
    return parts.resolve(registry.find(METHOD), model, task, {})


def drawn(
    model: DiffusionModel,
    local: Local,
    given: Mapping[str, Any],
    seeds: tuple[int, ...] = (0,),
    **options: object,
) -> Tensor:
    """An edit `(B, 3, 64, 64)` for each seed, all in one batch."""
    method = registry.find(METHOD)
    settings = registry.parse_options(method, options)
    return registry.perform(method, model, local.task, settings, Run(seeds), given).images


def edited(
    model: DiffusionModel, asked_for: Sequence[Local], options: Mapping[str, object]
) -> Tensor:
    """One edit of each, `(N, 3, 64, 64)`."""
    given = tools(model, asked_for[0].task)
    made = [drawn(model, local, given, (seed,), **options) for seed, local in enumerate(asked_for)]
    return torch.cat(made)


def as_asked(asked_for: Sequence[Local], made: Tensor) -> Tensor:
    """(N,) bool: which edits the judge reads as they were asked for."""
    after, aims = read(made), [each.aim for each in asked_for]
    return torch.stack(
        [after[aim.attribute][i].argmax() == aim.index for i, aim in enumerate(aims)]
    )


def kept(asked_for: Sequence[Local], made: Tensor) -> float:
    """Share of the other attributes shown before and after that read as before."""
    before, after = read(torch.cat([each.picture for each in asked_for])), read(made)
    same = [
        bool(before[name][i].argmax() == after[name][i].argmax())
        for i, each in enumerate(asked_for)
        for name in each.aim.others()
        if name in each.shown
    ]
    return sum(same) / len(same)


def measured(count: int = 64) -> tuple[Figures, dict[str, Tensor]]:
    """What every way and the true edits reach, by kind; rows of sources and edits of each."""
    figures, rows, model = Figures(), {}, load("portraits")
    for name in KINDS:
        asked_for = wanted(name, count)
        made = {way: edited(model, asked_for, options) for way, options in WAYS.items()}
        sources = torch.cat([each.picture for each in asked_for])
        truth = torch.cat([each.truth for each in asked_for])
        for way, pictures in {"true edit": truth, **made}.items():
            asked = as_asked(asked_for, pictures).float().mean()
            figures[f"{name}, {way}: asked"] = float(asked)
            figures[f"{name}, {way}: kept"] = kept(asked_for, pictures)
        rows[name] = torch.stack([sources, *made.values()])
    return figures, rows
