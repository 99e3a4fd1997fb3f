"""What is measured of a picture that was made: its metrics, and what each of them needs."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from overpaint.bench.looking import Looks
from overpaint.errors import OptionError
from overpaint.methods.registry import suggest
from overpaint.metrics import likeness, metrics
from overpaint.metrics.registry import PICTURES, REGIONS, Metric

AGAINST, MASK, PROMPT, SOURCE, DINO = "--against", "--mask", "--prompt", "--source-prompt", "--dino"


@dataclass(frozen=True, eq=False)
class Seen:
    """A picture, what it is compared with and where it was to change, as networks see them.

    made, against: (1, 3, H, W) in [0, 1]. region: (1, 1, H, W), 1 where a change was asked for.
    """

    looks: Looks
    made: Tensor
    against: Tensor | None = None
    region: Tensor | None = None

    @cached_property
    def both(self) -> Tensor:
        """The picture and, where there is one, the other."""
        return self.made if self.against is None else torch.cat([self.made, self.against])

    @cached_property
    def clip(self) -> tuple[Tensor, ...]:
        """Of each, (1, D)."""
        return self.looks.networks.see(self.both).split(1)


@dataclass(frozen=True)
class Measure:
    """A metric of one picture. needs: by the flags that give it; given: what the metric takes."""

    metric: Metric
    needs: tuple[str, ...]
    given: Callable[[Seen], Sequence[Tensor | None]]

    def __call__(self, seen: Seen) -> float:
        """The number."""
        return float(self.metric(*self.given(seen)))  # type: ignore[arg-type]


def _pixels(seen: Seen) -> Sequence[Tensor | None]:
    return seen.made, seen.against


def _regions(seen: Seen) -> Sequence[Tensor | None]:
    return seen.made, seen.against, seen.region


def _text(seen: Seen) -> Sequence[Tensor | None]:
    return seen.clip[0], seen.looks.texts[0]


def _direction(seen: Seen) -> Sequence[Tensor | None]:
    return (*seen.clip, *seen.looks.texts)


def _faces(seen: Seen) -> Sequence[Tensor | None]:
    return seen.looks.identities(seen.both).split(1)


def _whole(seen: Seen) -> Sequence[Tensor | None]:
    return seen.looks.networks.embed(seen.both).split(1)


def _places(seen: Seen) -> Sequence[Tensor | None]:
    return seen.looks.networks.keys(seen.both, full_range=False).split(1)


def _of(takes: str, needs: tuple[str, ...], given: Callable) -> dict[str, Measure]:
    found = {name: each for name, each in metrics().items() if each.takes == takes}
    return {name: Measure(each, needs, given) for name, each in found.items()}


MEASURES: Mapping[str, Measure] = {
    **_of(PICTURES, (AGAINST,), _pixels),
    **_of(REGIONS, (AGAINST, MASK), _regions),
    "clip-t": Measure(likeness.clip_t, (PROMPT,), _text),
    "clip-direction": Measure(likeness.direction, (AGAINST, PROMPT, SOURCE), _direction),
    "clip-i": Measure(likeness.clip_i, (AGAINST,), lambda seen: seen.clip),
    "identity": Measure(likeness.identity, (AGAINST,), _faces),
    "dino": Measure(likeness.dino, (AGAINST, DINO), _whole),
    "structure": Measure(likeness.structure, (AGAINST, DINO), _places),
}
"""Those of one picture, in the order in which they are told."""


def wanted(
    names: Sequence[str], given: Collection[str], needs: Mapping[str, tuple[str, ...]]
) -> list[str]:
    """Those of these names, or without names all that what was given allows.

    Those that take a library of the extra `metrics` are to be named. needs: of every name, flags.

    Raises:
        OptionError: there is none of that name, or it needs what was not given.
    """
    for name in names:
        if name not in needs:
            hint = suggest(name, needs)
            raise OptionError(f"There is no metric {name!r} of pictures or their sets", hint=hint)
        if lacking := [flag for flag in needs[name] if flag not in given]:
            raise OptionError(f"{name} needs {' and '.join(lacking)}")
    known = metrics()
    return [
        name
        for name, flags in needs.items()
        if (name in names if names else not known[name].library and {*flags} <= {*given})
    ]
