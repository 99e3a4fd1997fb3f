"""A model of classes, asked for one of them."""

import torch
from torch import Tensor

from overpaint.core.guidance import combine
from overpaint.core.prediction import Denoiser, Prediction
from overpaint.core.schedule import Level
from overpaint.errors import OptionError
from overpaint.models.bundle import DiffusionModel


def of_class(model: DiffusionModel, label: int | None, scale: float | None = None) -> Denoiser:
    """The model under a class, or under none.

    scale: of classifier-free guidance (arXiv 2207.12598); None for 1, which is none.

    Raises:
        OptionError: the model lacks classes, that class, or the null class that a scale needs.
    """
    name, classes, scale = model.name or "the model", model.classes, 1 if scale is None else scale
    if classes is None:
        if label is not None:
            raise OptionError(f"{name} has no classes", f"but label={label} is given")
        return _unguided(model, scale)
    told = f"give -O label=N with N in [0, {classes.count - 1}]"
    if label is None:
        if classes.null is None:
            raise OptionError(f"{name} draws nothing without a class", hint=told)
        return _unguided(model, scale)
    if not 0 <= label < classes.count:
        raise OptionError(f"label must be in [0, {classes.count - 1}], got {label}")
    if scale != 1 and classes.null is None:
        why = f"{name} knows no class that says nothing"
        raise OptionError("guidance compares a class with none", why, "leave guidance_scale at 1")

    def asked(x: Tensor, level: Level) -> Prediction:
        wanted = torch.full((len(x),), label, device=x.device)
        return combine(model, [None, wanted], [1 - scale, scale])(x, level)

    return asked


def _unguided(model: DiffusionModel, scale: float) -> Denoiser:
    if scale != 1:
        raise OptionError("guidance_scale needs a class to guide to", hint="Give -O label=N too.")
    return model
