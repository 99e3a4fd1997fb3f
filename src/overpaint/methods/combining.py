"""Several adapters in one edit: noise combination (DiffusionCLIP, arXiv:2110.02711, eq. 14)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache

from torch import Tensor

from overpaint.core import guidance
from overpaint.core.prediction import Denoiser, Prediction
from overpaint.core.schedule import Level
from overpaint.data.modes import Array
from overpaint.errors import OptionError
from overpaint.methods.shares import Curve, Weight
from overpaint.models.bundle import DiffusionModel
from overpaint.models.control import Adapter, adapted, merged
from overpaint.models.grouped import asked_together, grouped

COMBINE, REST = ("noise", "weights"), ("base", "none")
LITTLE = 1e-6  # of weights: what counts as none


@dataclass(frozen=True, eq=False)
class Part:
    """A loaded adapter with its weight, and the mask (1, 1, S, S) in [0, 1] where it acts."""

    adapter: Adapter
    weight: Weight = 1.0
    mask: Tensor | None = None
    mask_name: str = ""  # with its sha256, for the record
    whole: Array | None = None  # the mask (H, W) of the picture's size, for each of its faces

    def at(self, level: Level) -> guidance.Weight:
        """Its weight at a level, by pixel if there is a mask."""
        weight = self.weight(level.t) if isinstance(self.weight, Curve) else self.weight
        return weight if self.mask is None else weight * self.mask


@dataclass(frozen=True, eq=False)
class Blend:
    """The adapters of an edit; whatever their weights leave to 1 is the untuned model's."""

    parts: tuple[Part, ...]

    def times(self) -> list[float]:
        """The times t0 that the adapters were tuned to, of those that say it."""
        found = (part.adapter.card.get("t0") for part in self.parts)
        return [float(t0) for t0 in found if t0 is not None]

    def source_prompt(self) -> str:
        """What the adapters were tuned away from: the text of the first that says it."""
        found = (str(part.adapter.card.get("source_prompt", "")) for part in self.parts)
        return next(filter(None, found), "")

    def doubts(self) -> tuple[str, ...]:
        """A note where adapters that were tuned to several times t0 go back to one."""
        different = sorted(set(self.times()))
        if len(different) < 2:
            return ()
        listing = " and ".join(f"{each:g}" for each in different)
        return (f"the adapters were tuned to t0={listing}: all return to {different[-1]:g}",)

    def described(self) -> dict[str, str]:
        """As a record has it: `adapter`, `adapter weight`, `adapter mask`, `adapter 2`, ..."""
        found = {}
        for number, part in enumerate(self.parts, 1):
            name = "adapter" if number == 1 else f"adapter {number}"
            found[name] = f"{part.adapter.name} {part.adapter.hash}".strip()
            if part.weight != 1:
                found[f"{name} weight"] = str(part.weight)
            if part.mask is not None:
                found[f"{name} mask"] = part.mask_name
        return found


def as_blend(adapter: "Adapter | Blend") -> Blend:
    """One adapter as a blend of itself alone."""
    return Blend((Part(adapter),)) if isinstance(adapter, Adapter) else adapter


def in_model_space(blend: Blend, model: DiffusionModel) -> Blend:
    """The blend with its masks encoded as the model's states are."""
    return Blend(
        tuple(
            replace(part, mask=model.codec.encode_mask(part.mask.to(model.device)))
            if part.mask is not None
            else part
            for part in blend.parts
        )
    )


def combined(
    model: DiffusionModel, blend: Blend, *, degree: float, combine: str, rest: str
) -> Denoiser:
    """The noise of all adapters and of the untuned model, or of their weights' mixture.

    Args:
        degree: of change: all weights times this, the rest to 1 being the untuned model's.
        combine: "noise" asks all of them, in one batch; "weights" merges them first.
        rest: whose the rest to 1 is: "base", or "none", where weights are divided by their sum.
    """
    own = in_model_space(blend, model)
    if combine == "weights":
        return _merging(model, own, degree, rest)
    twins = [model, *(adapted(model, part.adapter) for part in own.parts)]

    @cache
    def together(which: tuple[int, ...]) -> DiffusionModel:
        return grouped(model, [twins[i] for i in which])

    def ask(x: Tensor, level: Level, which: Sequence[int]) -> Sequence[Prediction]:
        asked = [twins[i] for i in which]
        if len(asked) == 1:
            return [asked[0](x, level)]
        return asked_together(together(tuple(which)), asked, x, level)

    def weights(level: Level) -> list[guidance.Weight]:
        tuned = [degree * weight for weight in _shared(own, level, rest)]
        left = 1 - sum(tuned)
        # A rounding error is no reason to ask the untuned model.
        return [left if isinstance(left, Tensor) or abs(left) > LITTLE else 0.0, *tuned]

    return guidance.mix_of(ask, len(twins), weights)


def _shared(blend: Blend, level: Level, rest: str) -> list[guidance.Weight]:
    """The adapters' weights at a level, before any degree."""
    weights = [part.at(level) for part in blend.parts]
    if rest == "base":
        return weights
    numbers = [weight for weight in weights if not isinstance(weight, Tensor)]
    if len(numbers) < len(weights):
        raise OptionError("masks leave a rest", "it is the untuned model's", "use rest=base")
    total = sum(numbers)
    if abs(total) < LITTLE:
        why = f"their sum is {total:g} at time {level.t:g}"
        raise OptionError("the weights cannot be divided by their sum", why, "use rest=base")
    return [weight / total for weight in numbers]


def _merging(model: DiffusionModel, blend: Blend, degree: float, rest: str) -> Denoiser:
    """One call of a network whose weights are changed by all adapters, each times its weight."""
    if any(part.mask is not None for part in blend.parts):
        why = "weights are the same for every pixel"
        raise OptionError("masks need the noise to be combined", why, "use combine=noise")

    @lru_cache(maxsize=1)
    def at(scales: tuple[float, ...]) -> DiffusionModel:
        adapters = [part.adapter for part in blend.parts]
        return merged(model, list(zip(adapters, scales, strict=True)))

    def ask(x: Tensor, level: Level) -> Prediction:
        scales = [degree * weight for weight in _shared(blend, level, rest)]
        return at(tuple(float(scale) for scale in scales))(x, level)

    return ask
