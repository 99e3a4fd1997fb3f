"""Guidance of edits beside the pictures they come from, which are put back whatever is said."""

from collections.abc import Callable

import torch
from torch import Tensor

from overpaint.core.prediction import Denoiser, Prediction
from overpaint.core.schedule import Level
from overpaint.models.conditions import Cond, stacked
from overpaint.models.prompting import Told

Asked = Callable[[Tensor, Level, Cond], Prediction]


def guided_beside(
    nothing: Told, model: Asked, cond: Cond, scale: float, *, sources: int
) -> Denoiser:
    """`guided`, but for the first `sources` rows, which are asked under their texts alone.

    A step of a picture and its edit takes three rows of the network: the picture is there to be
    attended to, and what is said of it is not needed (arXiv 2310.01506 asks nine).

    nothing: what stands for the empty text.
    """

    def denoise(x: Tensor, level: Level) -> Prediction:
        told, rows = cond.beside(x), range(sources, len(x))
        if scale == 1 or not rows:
            return model(x, level, told)
        plain = (nothing if isinstance(nothing, Cond) else nothing(level)).beside(x).rows(rows)
        found = model(torch.cat([x[sources:], x]), level, stacked([plain, told]))
        x0, eps = (_led(each, scale, len(rows), sources) for each in (found.x0, found.eps))
        return Prediction(x0, eps)

    return denoise


def _led(found: Tensor, scale: float, edits: int, sources: int) -> Tensor:
    """Rows of edits under the empty text, of pictures, and of edits under theirs: guided."""
    plain, pictures, told = found.split([edits, sources, edits])
    return torch.cat([pictures, plain + scale * (told - plain)])
