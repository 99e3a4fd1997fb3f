"""A model that reads texts, led by one or more (classifier-free guidance, arXiv 2207.12598)."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from overpaint.core.contrast import Difference
from overpaint.core.guidance import Weight, mix_of
from overpaint.core.prediction import Denoiser, Prediction
from overpaint.core.schedule import Level
from overpaint.errors import OptionError
from overpaint.models.bundle import DiffusionModel
from overpaint.models.conditions import Cond, ConditionalModel, Reader, stacked
from overpaint.models.zoo import reading

Told = Cond | Callable[[Level], Cond]  # a text, or the one of each level


def reader_of(model: DiffusionModel, what: str = "this") -> Reader:
    """What reads texts for the model; `what` needs it.

    Raises:
        OptionError: nothing does.
    """
    if model.text is None:
        known = ", ".join(reading())
        hint = f"Give one that does with -m{f', such as {known}' if known else ''}."
        why = f"{what} needs a text-to-image model"
        raise OptionError(f"{model.name or 'The model'} reads no text", why, hint)
    return model.text


def under(model: ConditionalModel, cond: Cond) -> Denoiser:
    """The model under a text, without guidance."""
    return lambda x, level: model(x, level, cond)


def guided(model: DiffusionModel, cond: Cond, scale: float, empty: Told | None = None) -> Denoiser:
    """The model under a text, `scale` times as far from the empty one; both in one call.

    empty: what stands for the empty text, as in null-text and negative-prompt inversion.
    """
    return guided_in(model, [(cond, 1.0)], scale, empty)


def guided_in(
    model: DiffusionModel,
    parts: Sequence[tuple[Cond, Weight]],
    scale: float,
    empty: Told | None = None,
) -> Denoiser:
    """As `guided`, by several texts, each where its weight is; all in one call.

    parts: texts with weights in [0, 1] that broadcast against the state; where they sum to less
        than 1 the empty text has the rest.
    """
    return away_from(reader_of(model)([""]) if empty is None else empty, model, parts, scale)


def away_from(
    nothing: Told, model: ConditionalModel, parts: Sequence[tuple[Cond, Weight]], scale: float
) -> Denoiser:
    """`guided_in` of any model that is told a text, away from `nothing`."""
    weights = [scale * weight for _, weight in parts]
    rest = 1 - sum(weights)

    def ask(x: Tensor, level: Level, which: Sequence[int]) -> list[Prediction]:
        plain = nothing if isinstance(nothing, Cond) else nothing(level)
        conds = [plain, *(cond for cond, _ in parts)]
        return _each(model, x, level, [conds[i] for i in which])

    return mix_of(ask, 1 + len(parts), lambda level: (rest, *weights))


def apart(model: DiffusionModel, query: Cond, reference: Cond) -> Difference:
    """The noise seen under one text less that under another, both in one call; 0 if they agree."""
    same = torch.equal(query.text, reference.text)

    def difference(x: Tensor, level: Level) -> Tensor:
        if same:  # rows of one call may differ by rounding, which a scaled contrast would show
            return torch.zeros_like(x)
        there, here = _each(model, x, level, [query, reference])
        return there.eps - here.eps

    return difference


def _each(
    model: ConditionalModel, x: Tensor, level: Level, conds: Sequence[Cond]
) -> list[Prediction]:
    """What the model says of `x` (B, ...) under each text."""
    told = stacked([cond.beside(x) for cond in conds])
    found = model(x.repeat(len(conds), *[1] * (x.ndim - 1)), level, told)
    parts = (each.chunk(len(conds)) for each in (found.x0, found.eps))
    return [Prediction(x0, eps) for x0, eps in zip(*parts, strict=True)]
