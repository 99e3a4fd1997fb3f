"""Attention layers of diffusers that follow the call of the network which is under way."""

from dataclasses import dataclass
from math import prod
from typing import Any

from diffusers.models.attention_processor import (
    Attention,
    AttnProcessor,
    AttnProcessor2_0,
    SlicedAttnProcessor,
    XFormersAttnProcessor,
)
from torch import Tensor

from overpaint.core.attention import AttentionPlan
from overpaint.core.heat import Heat, heat_of
from overpaint.core.routes import Route, attend, taken
from overpaint.core.schedule import Level
from overpaint.errors import OptionError

# They compute the same in different ways; any other adds something that would be lost.
PLAIN = (AttnProcessor, AttnProcessor2_0, SlicedAttnProcessor, XFormersAttnProcessor)
ADDED = ("group_norm", "spatial_norm", "norm_q", "norm_k", "added_kv_proj_dim")


@dataclass(frozen=True, eq=False)
class Call:
    """One call of a network: its level, its rows, and what is asked of their attention."""

    level: Level
    rows: int
    plan: AttentionPlan | None
    cross: Route | None  # the plan's, on the network's device
    looks: Route | None  # the same without the weights of words, where there is a heat
    heat: Heat | None
    grid: tuple[int, int]  # of the layers whose maps are added to the heat

    def heated(self, queries: int) -> Heat | None:
        """What a layer attending to texts adds its maps to."""
        return self.heat if self.heat is not None and queries == prod(self.grid) else None

    def route(self, queries: int, *, crossing: bool) -> Route | None:
        """How a layer attends, None if by itself."""
        if not crossing:
            return None if self.plan is None else self.plan.selves(self.level, self.rows, queries)
        if self.cross is None and self.heated(queries):
            return self.alone
        return self.cross

    @property
    def alone(self) -> Route:
        """Each row by itself."""
        return Route(tuple(range(self.rows)))


@dataclass
class Now:
    """Holds the call under way; between calls there is none."""

    call: Call | None = None


@dataclass(frozen=True, eq=False)
class Attending:
    """A layer's own processor, unless the call under way asks for another attention."""

    own: Any
    now: Now

    def __call__(
        self,
        attn: Attention,
        hidden_states: Tensor,
        encoder_hidden_states: Tensor | None = None,
        attention_mask: Tensor | None = None,
        temb: Tensor | None = None,
    ) -> Tensor:
        """(B, n, C) to the same; the names are diffusers'."""
        call, texts, queries = self.now.call, encoder_hidden_states, hidden_states.shape[1]
        route = None if call is None else call.route(queries, crossing=texts is not None)
        if call is None or route is None:
            plain: Tensor = self.own(attn, hidden_states, texts, attention_mask, temb)
            return plain
        if attention_mask is not None:
            raise OptionError("Attention under control takes no mask", "the network was given one")

        def heads(x: Tensor) -> Tensor:
            return x.unflatten(2, (attn.heads, -1))

        context = hidden_states if texts is None else texts

        def asked(rows: tuple[int, ...]) -> tuple[Tensor, Tensor]:
            q, k = attn.to_q(taken(hidden_states, rows)), attn.to_k(taken(context, rows))
            return heads(q), heads(k)

        q, k = asked(route.asked)
        if texts is not None and (heat := call.heated(queries)) is not None:
            looks = call.looks or call.alone
            seeing = (q, k) if looks.asked == route.asked else asked(looks.asked)
            heat.add(heat_of(*seeing, heat.words, looks).unflatten(2, call.grid))
        seen = attend(q, k, heads(attn.to_v(context)), route).flatten(2)
        for layer in attn.to_out:
            seen = layer(seen)
        return seen


def strange(attn: Any) -> str:
    """What keeps a layer from being controlled, by name; "" if nothing does."""
    kind = type(attn.processor).__name__
    if not isinstance(attn, Attention) or type(attn.processor) not in PLAIN:
        return kind
    own = [name for name in (*ADDED, "norm_cross") if getattr(attn, name) is not None]
    return ", ".join(own)
