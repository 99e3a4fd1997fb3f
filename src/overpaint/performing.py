"""An edit that is read and checked: what is told about it, its record, and each seed's picture."""

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from importlib.metadata import version
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from overpaint import parts as loaded
from overpaint.core.emphasis import typed
from overpaint.core.watch import Watch
from overpaint.data.aligning import align
from overpaint.data.face import Face
from overpaint.data.masking import Mask, too_small
from overpaint.data.modes import Array
from overpaint.data.placement import Placement
from overpaint.data.record import Record, bounded
from overpaint.data.sources import portable_name
from overpaint.data.where import Scene
from overpaint.data.windows import Window
from overpaint.methods import registry
from overpaint.methods.registry import Method, Outcome, Region, Run, Task
from overpaint.models.bundle import Calls, DiffusionModel


@dataclass(frozen=True)
class Asked:
    """What an edit was asked for, with its inputs read and its model loaded."""

    method: Method
    options: Any
    model: DiffusionModel
    task: Task
    placement: Placement | Window  # of the picture, or a part, in the model's square
    scene: Scene

    @property
    def mask(self) -> Mask | None:
        """Where the edit may act, of the picture's size."""
        return self.scene.mask

    @property
    def faces(self) -> tuple[Face, ...]:
        """To edit one after another; `placement` is of the first."""
        return self.scene.faces

    @property
    def idle(self) -> bool:
        """Whether nothing can change: the mask is black everywhere, or the strength 0."""
        black = self.mask is not None and not self.mask.values.any()
        return black or getattr(self.options, "strength", None) == 0

    @property
    def unsettled(self) -> bool:
        """Whether the first picture decides something that the others take over."""
        return any(getattr(self.options, name) in (None, "auto") for name in self.method.settles)

    def warnings(self, parts: Mapping[str, Any]) -> Iterator[str]:
        """What the user should know, whatever the seed."""
        yield from self.placement.picture.warnings
        yield from self.mask.warnings if self.mask else ()
        if self.scene.zooms(self.placement) and not self.placement.whole:
            yield "zoomed in: the model is shown the mask's surroundings alone (--zoom off: all)"
        masks = self.scene.masks if len(self.faces) < 2 else ()  # the square is of the first face
        notes = [too_small(mask, self.placement, alone=len(masks) == 1) for mask in masks]
        yield from filter(None, notes)
        if len(bounded(history := self.placement.picture.history)) < len(history):
            yield f"the record leaves out the oldest of the {len(history)} edits before this one"
        if self.task.prompt and self.model.text is None and not self.method.reads_text:
            yield f"the prompt has no effect: {self.method.name} leaves text to the model, and " + (
                f"{self.model.name or 'this one'} reads none"
            )
        if self.model.text is not None:
            yield from self._unweighed()
        yield from loaded.doubts(parts, self.task.prompt)

    def _unweighed(self) -> Iterator[str]:
        """What to say of weights that are typed where none counts."""
        texts = (self.task.prompt, *(region.prompt for region in self.task.regions))
        if not self.method.weighs and any(typed(text).heavy for text in texts):
            known = [name for name, each in registry.methods().items() if each.weighs]
            yield f"weights of words count in {' and '.join(known)} alone"
        if typed(self.task.source_prompt).heavy:
            yield "weights of words have no effect in a source prompt"

    def record(self, seeds: tuple[int, ...]) -> Record:
        """All that is needed to do it again, but the parts; OptionError if it cannot be written."""
        model, scene = self.model, self.scene
        return Record(
            method=self.method.name,
            model=_name(model),
            prompt=self.task.prompt,
            seeds=seeds,
            options=dataclasses.asdict(self.options),
            source_prompt=self.task.source_prompt,
            weights=model.hash,
            zoom=scene.zooms(self.placement),
            history=bounded(scene.picture.history),
            versions={name: version(name) for name in ("overpaint", "torch", "diffusers")},
            threads=torch.get_num_threads(),
            device=model.device.type,
            dtype=str(model.dtype).removeprefix("torch."),
            **scene.recorded(),
        )

    def parts(self, given: Mapping[str, Any], watch: Watch) -> dict[str, Any]:
        """The loaded objects that the method takes."""
        how = {"options": self.options, "placement": self.placement}
        return loaded.resolve(self.method, self.model, self.task, given, watch, **how)

    def perform(self, run: Run, parts: Mapping[str, Any], model: DiffusionModel) -> Outcome:
        """What the method makes; `model` is the one asked for, with its calls counted."""
        if self.idle or (self.task.mask is not None and not self.task.mask.any()):
            nowhere = torch.zeros_like(self.task.image[:, :1])
            return Outcome(self.task.image, mask=nowhere, chance=False)
        return registry.perform(self.method, model, self.task, self.options, run, parts)

    def settled(self, chosen: Mapping[str, Any]) -> "Asked":
        """The same with the options that the method chose."""
        return replace(self, options=replace(self.options, **chosen))

    def area(self, outcome: Outcome, number: int = 0) -> Array | None:
        """Where one picture of an outcome was edited, (H, W) uint8 of the picture's size.

        A mask that was found within a given one never leaves it; one found beside it adds to it.
        """
        given = None if self.mask is None else self.mask.values
        if outcome.mask is None:
            return given
        new = spread(self.placement, outcome.mask, number)
        if given is None or self.task.mask is None:
            return new
        within = bool((outcome.mask <= self.task.mask).all())
        return (np.minimum if within else np.maximum)(new, given)

    def paste(self, outcome: Outcome, number: int = 0) -> Image.Image:
        """One picture of an outcome, at full size."""
        values = None if outcome.whole else self.area(outcome, number)
        if values is not None and outcome.graded:
            values = np.where(values > 0, 255, 0).astype(np.uint8)
        return self.placement.paste(outcome.images[number], mask=values, detail=not outcome.redrawn)

    def next(self, face: Face, image: Image.Image, chosen: Mapping[str, Any]) -> "Asked":
        """The same of another face, in what was made so far, with what was chosen before."""
        picture = replace(self.placement.picture, pixels=np.array(image.convert("RGB")))
        pixels, placement = align(picture, face, self.model.size)
        acts = fitted(self.scene, placement, self.model.device)
        task = replace(self.task, image=pixels.to(self.model.device), **acts)
        return replace(self.settled(chosen), task=task, placement=placement)


def spread(placement: Placement | Window, maps: Tensor, number: int) -> Array:
    """One of the maps (1 or B, 1, S, S) in [0, 1] as (H, W) uint8 of the picture's size."""
    return placement.spread(maps[number if len(maps) > 1 else 0])


def fitted(scene: Scene, placement: Placement | Window, device: torch.device) -> dict[str, Any]:
    """The mask and the regions of a `Task`, in the model's square."""

    def fit(mask: Mask) -> Tensor:
        return placement.fit_mask(mask.values).to(device)

    regions = tuple(Region(fit(mask), text) for mask, text in scene.regions)
    return {"mask": None if scene.mask is None else fit(scene.mask), "regions": regions}


@dataclass(frozen=True)
class Made:
    """What came of a batch: the outcome of every face, or of the whole picture."""

    asked: Asked  # of the last outcome
    outcomes: list[Outcome]
    calls: int  # of the network, for each picture of the batch
    placements: list[Placement | Window]  # of the outcomes

    @property
    def chance(self) -> bool:
        """Whether another seed would make another picture."""
        return any(outcome.chance for outcome in self.outcomes)

    def __len__(self) -> int:
        return len(self.outcomes[-1].images) if self.chance else 1

    def image(self, number: int) -> Image.Image:
        """Picture `number`, at full size."""
        return self.asked.paste(self.outcomes[-1], number)

    def mask(self, number: int) -> Image.Image | None:
        """Where picture `number` was edited; None: everywhere."""
        if len(self.outcomes) == 1 or not self.found:
            values = self.asked.area(self.outcomes[-1], number)
            return None if values is None else Image.fromarray(values)
        return self._joined("mask", number)

    def contrast(self, number: int) -> Image.Image | None:
        """What the mask of picture `number` was found by; None where it was not."""
        return self._joined("contrast", number)

    @property
    def found(self) -> bool:
        """Whether the method found where to edit."""
        return any(outcome.mask is not None for outcome in self.outcomes)

    def _joined(self, name: str, number: int) -> Image.Image | None:
        """A map of all faces together, or of the whole picture."""
        pairs = zip(self.placements, self.outcomes, strict=True)
        maps = [(place, getattr(outcome, name)) for place, outcome in pairs]
        shown = [spread(place, map, number) for place, map in maps if map is not None]
        return Image.fromarray(np.maximum.reduce(shown)) if shown else None


def perform_each(asked: Asked, run: Run, parts: Mapping[str, Any]) -> Made:
    """The picture with every face edited, one after another, or all of it.

    Several faces take one seed: each is edited in the picture that was made so far.
    """
    model = replace(asked.model, calls=(calls := Calls()))
    outcomes, placements = [asked.perform(run, parts, model)], [asked.placement]
    for face in asked.faces[1:]:
        asked = asked.next(face, asked.paste(outcomes[-1]), outcomes[0].chosen)
        parts = loaded.moved(parts, asked.placement)
        outcomes.append(asked.perform(run, parts, model))
        placements.append(asked.placement)
    return Made(asked, outcomes, calls.count, placements)


def _name(model: DiffusionModel) -> str:
    """As a replay finds it: its folder where that was relative, else its name alone."""
    if model.path and not model.path.is_absolute():
        return portable_name(model.path)
    return portable_name(model.name) if model.name else ""
