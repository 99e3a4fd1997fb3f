"""A model led by the texts of a task, each in its own part of the picture."""

import torch

from overpaint.core.guidance import Weight
from overpaint.core.masks import dilated
from overpaint.core.prediction import Denoiser
from overpaint.errors import OptionError
from overpaint.methods.classed import of_class
from overpaint.methods.registry import Task
from overpaint.models.bundle import DiffusionModel
from overpaint.models.conditions import Cond
from overpaint.models.prompting import Told, guided_in, reader_of

SCALE = 5.0  # of the guidance by text, for the embedded model (Stable Diffusion: 7.5)


def led(
    model: DiffusionModel, task: Task, scale: float, *, empty: Told | None = None, grow: int = 0
) -> Denoiser:
    """The model under the prompt, or in every region under its own text; guided by `scale`.

    An empty text leads nowhere.

    Args:
        empty: what stands for the empty text.
        grow: pixels by which regions are larger here.

    Raises:
        OptionError: the model reads no text.
    """
    return guided_in(model, _parts(model, task, grow), scale, empty)


def led_or_classed(
    model: DiffusionModel, task: Task, label: int | None, scale: float | None
) -> Denoiser:
    """The model led by the prompt if it reads texts, else by a class; scale: None for the usual.

    Raises:
        OptionError: there is nothing that a label or a scale could lead to.
    """
    if model.text is None or label is not None:
        return of_class(model, label, scale)
    if scale is not None and not task.prompt.strip():
        raise OptionError("guidance_scale needs a prompt to guide to", hint="Give -p too.")
    return led(model, task, SCALE if scale is None else scale)


def _parts(model: DiffusionModel, task: Task, grow: int) -> list[tuple[Cond, Weight]]:
    """The texts that say something, each with its share of the state."""
    read = reader_of(model)
    if not task.regions:
        return [(read([task.prompt]), 1.0)] if task.prompt.strip() else []
    masks = [model.codec.encode_mask(dilated(each.mask, grow)) for each in task.regions]
    total = torch.stack(masks).sum(0).clamp(min=1)
    pairs = zip(task.regions, masks, strict=True)
    return [(read([each.prompt]), mask / total) for each, mask in pairs if each.prompt.strip()]
