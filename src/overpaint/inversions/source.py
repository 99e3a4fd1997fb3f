"""What an inversion asks of a model: predictions under the pictures' text, and chance."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from torch import Tensor

from overpaint.core.prediction import Denoiser, Prediction, joined
from overpaint.core.rng import NoiseStream
from overpaint.core.schedule import Level
from overpaint.inversions.trajectory import Key, Trajectory
from overpaint.models.bundle import DiffusionModel
from overpaint.models.conditions import Cond, ConditionalModel
from overpaint.models.prompting import Told, away_from, reader_of

Several = Callable[[Tensor, Sequence[Level], Cond | None], Prediction]
"""A model of rows in equal groups, each at a level of its own."""


@dataclass(frozen=True, eq=False)
class Source:
    """A model under the texts that say what pictures show, with guidance of one scale.

    text, empty: those texts, a row for each picture or one for all, and the one that says nothing;
        None where the model reads none.
    """

    model: ConditionalModel
    rng: NoiseStream  # a seed for each picture
    text: Cond | None = None
    empty: Cond | None = None
    scale: float = 1.0
    several: Several | None = None  # without it, levels are asked one by one
    key: Key | None = None

    def denoise(self, x: Tensor, level: Level) -> Prediction:
        """The model under the text, without guidance."""
        return self.model(x, level, self.text)

    def under(self, cond: Cond | None) -> Denoiser:
        """The model under another text, without guidance."""
        return lambda x, level: self.model(x, level, cond)

    def guided(self, told: Told | None = None) -> Denoiser:
        """The model under the text and guidance, away from `told` or the empty text."""
        nothing = self.empty if told is None else told
        if self.text is None or nothing is None or self.scale == 1:
            return self.denoise
        return away_from(nothing, self.model, [(self.text, 1.0)], self.scale)

    def along(self, trajectory: Trajectory) -> Denoiser:
        """`guided` away from what stands for the empty text on a trajectory."""
        empty = self.empty
        if empty is None:
            return self.denoise
        return self.guided(lambda level: trajectory.empty_at(level, empty))

    def guided_at(self, x: Tensor, levels: Sequence[Level]) -> Prediction:
        """`guided` of rows in as many equal groups as there are levels, in one call if it can be.

        x: (len(levels) * B, ...), the pictures' states at the first level, the second, ...
        """
        if self.several is None:
            groups = zip(x.chunk(len(levels)), levels, strict=True)
            return joined([self.guided()(group, level) for group, level in groups])
        several, count = self.several, len(x) // len(levels)

        def model(rows: Tensor, level: Level, cond: Cond | None = None, /) -> Prediction:
            return several(rows, [*levels] * (len(rows) // len(x)), cond)

        text, empty = (_for_each(told, count, len(levels)) for told in (self.text, self.empty))
        return Source(model, self.rng, text, empty, self.scale).guided()(x, levels[0])


def _for_each(cond: Cond | None, pictures: int, levels: int) -> Cond | None:
    """The texts of a batch again for each level."""
    return cond if cond is None or len(cond) == 1 else cond.rows([*range(pictures)] * levels)


def source_of(
    model: DiffusionModel, texts: Sequence[str] = (), *, scale: float = 1.0, rng: NoiseStream
) -> Source:
    """What an inversion asks of `model` for pictures that show `texts`, one each or one for all.

    Without any words there is nothing to guide by, so that the scale is 1.

    Raises:
        OptionError: there are texts, or guidance, and the model reads none.
    """
    said = tuple(texts) if any(text.strip() for text in texts) else ()
    scale = float(scale) if said else 1.0
    key = Key(model.hash, said, scale, str(model.dtype).removeprefix("torch."))
    if model.text is None and not said:
        return Source(model, rng, several=model.several, key=key)
    reader = reader_of(model)
    text, empty = reader(said or [""]), reader([""])
    return Source(model, rng, text, empty, scale, model.several, key)
