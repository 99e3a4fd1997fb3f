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
from overpaint.core.watch import Watch
from overpaint.data.aligning import FacePlacement, align
from overpaint.data.face import Face
from overpaint.data.images import Picture
from overpaint.data.masking import Mask
from overpaint.data.placement import Placement, fit
from overpaint.data.record import Record
from overpaint.data.sources import portable_name
from overpaint.methods import registry
from overpaint.methods.registry import Method, Outcome, Run, Task
from overpaint.models.bundle import DiffusionModel


@dataclass(frozen=True)
class Asked:
    """What an edit was asked for, with its inputs read and its model loaded."""

    method: Method
    options: Any
    model: DiffusionModel
    task: Task
    placement: Placement | FacePlacement  # of the picture, or a face, in the model's square
    mask: Mask | None  # of the picture's size
    faces: tuple[Face, ...] = ()  # to edit one after another; `placement` is of the first

    @property
    def idle(self) -> bool:
        """Whether nothing can change: the mask is black everywhere, or the strength 0."""
        black = self.mask is not None and not self.mask.values.any()
        return black or getattr(self.options, "strength", None) == 0

    def warnings(self, parts: Mapping[str, Any]) -> Iterator[str]:
        """What the user should know, whatever the seed."""
        yield from self.placement.picture.warnings
        yield from self.mask.warnings if self.mask else ()
        if self.task.prompt and self.model.text is None and "prompt" not in self.method.needs:
            yield f"the prompt has no effect: {self.method.name} leaves text to the model, and " + (
                f"{self.model.name or 'this one'} reads none"
            )
        yield from loaded.doubts(parts, self.task.prompt)

    def record(self, seeds: tuple[int, ...]) -> Record:
        """All that is needed to do it again, but the parts; OptionError if it cannot be written."""
        model, picture, mask = self.model, self.placement.picture, self.mask
        return Record(
            method=self.method.name,
            model=_name(model),
            prompt=self.task.prompt,
            seeds=seeds,
            options=dataclasses.asdict(self.options),
            source_prompt=self.task.source_prompt,
            weights=model.hash,
            input=picture.name,
            input_sha256=picture.sha256,
            mask=mask.name if mask else "",
            mask_sha256=mask.sha256 if mask else "",
            faces=self.faces,
            versions={name: version(name) for name in ("overpaint", "torch", "diffusers")},
            threads=torch.get_num_threads(),
            device=model.device.type,
            dtype=str(model.dtype).removeprefix("torch."),
        )

    def parts(self, given: Mapping[str, Any], watch: Watch) -> dict[str, Any]:
        """The loaded objects that the method takes."""
        how = {"options": self.options, "placement": self.placement}
        return loaded.resolve(self.method, self.model, self.task, given, watch, **how)

    def perform(self, run: Run, parts: Mapping[str, Any], model: DiffusionModel) -> Outcome:
        """What the method makes; `model` is the one asked for, with its calls counted."""
        if self.idle or (self.task.mask is not None and not self.task.mask.any()):
            return Outcome(self.task.image)
        return registry.perform(self.method, model, self.task, self.options, run, parts)

    def settled(self, chosen: Mapping[str, Any]) -> "Asked":
        """The same with the options that the method chose."""
        return replace(self, options=replace(self.options, **chosen))

    def paste(self, outcome: Outcome) -> Image.Image:
        """The one picture of an outcome, at full size."""
        values = None if self.mask is None else self.mask.values
        if values is not None and getattr(self.options, "mask_as", "") == "strength":
            values = np.where(values > 0, 255, 0).astype(np.uint8)  # grey was said to the method
        return self.placement.paste(outcome.images, mask=values, detail=not outcome.redrawn)

    def next(self, face: Face, image: Image.Image, chosen: Mapping[str, Any]) -> "Asked":
        """The same of another face, in what was made so far, with what was chosen before."""
        picture = replace(self.placement.picture, pixels=np.array(image.convert("RGB")))
        pixels, placement = placed(picture, face, self.model.size)
        where = None if self.mask is None else placement.fit_mask(self.mask.values)
        device = self.model.device
        task = replace(
            self.task, image=pixels.to(device), mask=None if where is None else where.to(device)
        )
        return replace(self.settled(chosen), task=task, placement=placement)


def placed(
    picture: Picture, face: Face | None, size: int
) -> tuple[Tensor, Placement | FacePlacement]:
    """The picture, or one face of it, as (1, 3, size, size), and how to paste the edit back."""
    return fit(picture, size) if face is None else align(picture, face, size)


def perform_each(
    asked: Asked, run: Run, parts: Mapping[str, Any], model: DiffusionModel
) -> tuple[Image.Image, list[Outcome]]:
    """The picture with every face edited, or all of it, and the outcome of each."""
    outcomes = [asked.perform(run, parts, model)]
    image = asked.paste(outcomes[0])
    for face in asked.faces[1:]:
        asked = asked.next(face, image, outcomes[0].chosen)
        parts = loaded.moved(parts, asked.placement)
        outcomes.append(asked.perform(run, parts, model))
        image = asked.paste(outcomes[-1])
    return image, outcomes


def _name(model: DiffusionModel) -> str:
    """As a replay finds it: its folder where that was relative, else its name alone."""
    if model.path and not model.path.is_absolute():
        return portable_name(model.path)
    return portable_name(model.name) if model.name else ""
