"""Attention of a batch whose rows take each other's queries and keys; no map is ever made."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor
from torch.nn import functional as F

LEAST = 1e-6  # of what a row is divided by


@dataclass(frozen=True, eq=False)
class Route:
    """For each row of a batch, whose attention it takes, and what becomes of its own values.

    first: (B), the row whose queries and keys it takes.
    mixed: by row, (L, L): what its values are multiplied by before that one attends to them.
    second: by row, (L): it attends by itself besides, to its values by these factors.
    weighted: rows whose maps are brought back to a sum of 1.
    """

    first: tuple[int, ...]
    mixed: Mapping[int, Tensor] = field(default_factory=dict)
    second: Mapping[int, Tensor] = field(default_factory=dict)
    weighted: tuple[int, ...] = ()

    @property
    def asked(self) -> tuple[int, ...]:
        """The rows whose queries and keys are needed, in their order."""
        return tuple(sorted({*self.first, *self.second}))

    def to(self, device: torch.device) -> "Route":
        """This route where the network lies."""
        return self._with(lambda share: share.to(device))

    def absolute(self) -> "Route":
        """This route without signs: of ones it makes the sums of the absolute maps."""
        return self._with(torch.abs)

    def _with(self, change: Callable[[Tensor], Tensor]) -> "Route":
        mixed, second = (
            {row: change(share) for row, share in shares.items()}
            for shares in (self.mixed, self.second)
        )
        return replace(self, mixed=mixed, second=second)


def attend(q: Tensor, k: Tensor, v: Tensor, route: Route) -> Tensor:
    """What the rows see, (B, n, heads, d), by fused kernels.

    q, k: (A, n or L, heads, d), of the rows `route.asked` alone.
    v: (B, L, heads, d), of all rows.
    """
    seen = _summed(q, k, v, route)
    if not route.weighted:
        return seen
    sizes = _summed(q, k, torch.ones_like(v), route.absolute()).clamp(min=LEAST)
    return _with_rows(seen, {row: seen[row] / sizes[row] for row in route.weighted})


def taken(x: Tensor, rows: Sequence[int]) -> Tensor:
    """Rows of `x` (B, ...) in the order asked for; not copied where they lie in a row."""
    start, stop = rows[0], rows[0] + len(rows)
    if list(rows) == list(range(start, stop)):
        return x[start:stop]
    return torch.cat([x[row : row + 1] for row in rows])


def _summed(q: Tensor, k: Tensor, v: Tensor, route: Route) -> Tensor:
    at = {row: i for i, row in enumerate(route.asked)}

    def fused(rows: Sequence[int], values: Tensor) -> Tensor:
        which = [at[row] for row in rows]
        asked, met = taken(q, which).transpose(1, 2), taken(k, which).transpose(1, 2)
        seen = F.scaled_dot_product_attention(asked, met, values.transpose(1, 2))
        return seen.transpose(1, 2)

    mixed = {
        row: (share.to(v) @ v[row].flatten(1)).view_as(v[row]) for row, share in route.mixed.items()
    }
    seen = fused(route.first, _with_rows(v, mixed))
    if not route.second:
        return seen
    own = [share.to(v)[:, None, None] * v[row] for row, share in route.second.items()]
    more = fused(tuple(route.second), torch.stack(own))
    added = zip(route.second, more, strict=True)
    return _with_rows(seen, {row: seen[row] + part for row, part in added})


def _with_rows(x: Tensor, rows: Mapping[int, Tensor]) -> Tensor:
    """`x` (B, ...) with these rows in place of its own."""
    if not rows:
        return x
    return torch.stack([rows.get(i, own) for i, own in enumerate(x)])
