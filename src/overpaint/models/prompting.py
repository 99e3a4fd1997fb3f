"""A model that reads texts, led by one (classifier-free guidance, arXiv 2207.12598)."""

from collections.abc import Callable, Sequence

from torch import Tensor

from overpaint.core.guidance import mix_of
from overpaint.core.prediction import Denoiser, Prediction
from overpaint.core.schedule import Level
from overpaint.errors import OptionError
from overpaint.models.bundle import DiffusionModel
from overpaint.models.conditions import Cond, ConditionalModel, Reader, stacked

Told = Cond | Callable[[Level], Cond]  # a text, or the one of each level


def reader_of(model: DiffusionModel) -> Reader:
    """What reads texts for the model.

    Raises:
        OptionError: nothing does.
    """
    if model.text is None:
        what, hint = f"{model.name or 'The model'} reads no text", "Give one that does with -m."
        raise OptionError(what, "this needs a text-to-image model", hint)
    return model.text


def under(model: ConditionalModel, cond: Cond) -> Denoiser:
    """The model under a text, without guidance."""
    return lambda x, level: model(x, level, cond)


def guided(model: DiffusionModel, cond: Cond, scale: float, empty: Told | None = None) -> Denoiser:
    """The model under a text, `scale` times as far from the empty one; both in one call.

    empty: what stands for the empty text, as in null-text and negative-prompt inversion.
    """
    return away_from(reader_of(model)([""]) if empty is None else empty, model, cond, scale)


def away_from(nothing: Told, model: ConditionalModel, cond: Cond, scale: float) -> Denoiser:
    """`guided` of any model that is told a text, away from `nothing`."""

    def ask(x: Tensor, level: Level, which: Sequence[int]) -> list[Prediction]:
        plain = nothing if isinstance(nothing, Cond) else nothing(level)
        told = stacked([(plain, cond)[i].beside(x) for i in which])
        both = model(x.repeat(len(which), *[1] * (x.ndim - 1)), level, told)
        parts = (each.chunk(len(which)) for each in (both.x0, both.eps))
        return [Prediction(x0, eps) for x0, eps in zip(*parts, strict=True)]

    return mix_of(ask, 2, lambda level: (1 - scale, scale))
