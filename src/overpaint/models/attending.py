"""A model whose rows attend by a plan, while a `with` block lasts."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import log, prod
from typing import Any

from torch import Tensor

from overpaint.core.attention import AttentionPlan
from overpaint.core.heat import Heat
from overpaint.core.prediction import Prediction
from overpaint.core.schedule import Level
from overpaint.errors import OptionError
from overpaint.models.attention_layers import Attending, Call, Now, strange
from overpaint.models.bundle import DiffusionModel
from overpaint.models.conditions import Cond, Reader
from overpaint.models.prompting import reader_of

FOREIGN = "its network is no UNet that attends to texts"


@dataclass(frozen=True, eq=False)
class Controlled:
    """A model under control, to be called as the model is."""

    model: DiffusionModel
    plan: AttentionPlan | None
    heat: Heat | None
    now: Now

    @property
    def name(self) -> str:
        """The model's."""
        return self.model.name

    @property
    def text(self) -> Reader | None:
        """The model's."""
        return self.model.text

    def __call__(self, x: Tensor, level: Level, cond: Cond | None = None) -> Prediction:
        """What the model says about `x` (B, C, h, w), whose last rows attend by the plan.

        Raises:
            OptionError: the plan or the heat has more rows, or texts of another length.
        """
        told = reader_of(self.model)([""]) if cond is None else cond
        self._check(len(x), told.text.shape[1])
        cross = looks = None if self.plan is None else self.plan.cross(level, len(x))
        if self.plan is not None and self.plan.weighs and self.heat is not None:
            looks = self.plan.unweighted.cross(level, len(x))
        factor = 1 if self.heat is None else self.heat.factor
        height, width = (-(-side // factor) for side in x.shape[2:])
        on = cross and cross.to(x.device)
        seen = on if looks is cross else looks and looks.to(x.device)
        self.now.call = Call(level, len(x), self.plan, on, seen, self.heat, (height, width))
        try:
            return self.model(x, level, told)
        finally:
            self.now.call = None

    def _check(self, rows: int, context: int) -> None:
        expected = [] if self.plan is None else [(len(self.plan.rows), self.plan.context)]
        if self.heat is not None:
            expected.append((self.heat.words.shape[0], self.heat.words.shape[1]))
        for count, tokens in expected:
            if count > rows or tokens not in (None, context):
                raise OptionError(
                    "Attention is planned for other rows",
                    f"{count} of {tokens} tokens, where {rows} of {context} are asked for",
                )


@contextmanager
def controlled(
    model: DiffusionModel, plan: AttentionPlan | None = None, heat: Heat | None = None
) -> Iterator[Controlled]:
    """The model under control; `model` itself attends as ever, and is put back at the end.

    plan: how the last rows of a batch attend. heat: what their maps of words are added to.

    Raises:
        OptionError: the network attends in a way that is not known here, is under control already,
            or does not attend to texts at the heat's factor.
    """
    net: Any = model.net
    own = _processors(model)
    if heat is not None and heat.factor not in factors(model):
        known = ", ".join(map(str, factors(model)))
        raise OptionError(f"No maps are coarser by {heat.factor}", f"the network has {known}")
    now = Now()
    net.set_attn_processor({name: Attending(each, now) for name, each in own.items()})
    try:
        yield Controlled(model, plan, heat, now)
    finally:
        net.set_attn_processor(own)


def factors(model: DiffusionModel) -> tuple[int, ...]:
    """By how much the layers that attend to texts are coarser than the state, ascending."""
    config: Any = getattr(model.net, "config", {})
    kinds = [*config.get("down_block_types", ())]
    found = {2**i for i, kind in enumerate(kinds) if "CrossAttn" in kind}
    if "CrossAttn" in (config.get("mid_block_type") or ""):
        found.add(2 ** (len(kinds) - 1))
    return tuple(sorted(found))


def factor_near(model: DiffusionModel, x: Tensor, side: int = 16) -> int:
    """The factor whose maps of `x` (B, C, h, w) have most nearly `side` x `side` cells.

    That many are where Prompt-to-Prompt's code looks for words.

    Raises:
        OptionError: it has no such maps.
    """
    if not (known := factors(model)):
        raise _uncontrolled(model, FOREIGN)
    cells = prod(x.shape[2:])
    return min(known, key=lambda factor: abs(log(cells / (factor * side) ** 2)))


def _processors(model: DiffusionModel) -> dict[str, Any]:
    """The network's own, by name."""
    net: Any = model.net
    if not factors(model) or not hasattr(net, "set_attn_processor"):
        raise _uncontrolled(model, FOREIGN)
    for name, own in net.attn_processors.items():
        if isinstance(own, Attending):
            raise _uncontrolled(model, "it is already")
        if kind := strange(net.get_submodule(name.removesuffix(".processor"))):
            raise _uncontrolled(model, f"{name.removesuffix('.processor')} has {kind}")
    return dict(net.attn_processors)


def _uncontrolled(model: DiffusionModel, why: str) -> OptionError:
    what = f"The attention of {model.name or 'the model'} cannot be controlled"
    return OptionError(what, why, "Use a Stable Diffusion 1, 2 or XL." if why == FOREIGN else "")
