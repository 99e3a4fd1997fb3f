"""The inversions by name: a file each, and an entry here."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import torch
from torch import Tensor

from overpaint.core.prediction import Denoiser
from overpaint.core.schedule import Level
from overpaint.core.solvers import After
from overpaint.core.watch import Watch, unwatched
from overpaint.errors import OptionError
from overpaint.inversions import bdia, direct, edict, edit_friendly
from overpaint.inversions.ddim import ddim
from overpaint.inversions.fixed_point import fixed_point
from overpaint.inversions.negative_prompt import negative_prompt
from overpaint.inversions.null_text import null_text
from overpaint.inversions.source import Source
from overpaint.inversions.trajectory import Trajectory, replay

Up = Callable[..., Trajectory]
"""Of (source, x0, levels), and `watch` by keyword."""


class Down(Protocol):
    """Samples down a trajectory's levels, at which `after` then acts on the state."""

    def __call__(
        self,
        trajectory: Trajectory,
        denoise: Denoiser,
        after: After | None = None,
        *,
        sources: int = 0,
    ) -> Iterator[Tensor]: ...


def plain(
    trajectory: Trajectory, denoise: Denoiser, after: After | None = None, *, sources: int = 0
) -> Iterator[Tensor]:
    """DDIM from the trajectory's noise."""
    return replay(trajectory, denoise, after)


@dataclass(frozen=True)
class Inversion:
    """A way up from pictures to noise, and the way down that belongs to it.

    up, down: what `invert` and `replay` do.
    """

    name: str
    paper: str  # arXiv id
    up: Up
    down: Down = plain
    reads: bool = False  # needs a model that reads text
    led: bool = False  # what is found holds for one scale of the guidance alone
    tied: bool = False  # the way down takes the very levels of the way up, and a step of its own
    pins: bool = False  # the pictures' own rows need no prediction on the way down
    draws: bool = False  # noise, so that another seed finds another way

    def invert(
        self, source: Source, x0: Tensor, levels: Sequence[Level], *, watch: Watch = unwatched
    ) -> Trajectory:
        """Leads `x0` (B, ...) up the levels, which descend as for sampling; no gradient is kept.

        Raises:
            OptionError: the model reads no text, and this inversion needs it to.
        """
        if self.reads and source.text is None:
            what = f"the inversion {self.name} needs a model that reads text"
            able = ", ".join(name for name, each in INVERSIONS.items() if not each.reads)
            raise OptionError(what, "this one reads none", f"Use one of {able}.")
        with torch.no_grad():
            found = self.up(source, x0, levels, watch=watch)
        return replace(found, inversion=self.name, key=source.key)

    def replay(
        self,
        trajectory: Trajectory,
        denoise: Denoiser,
        after: After | None = None,
        *,
        sources: int = 0,
    ) -> Iterator[Tensor]:
        """The states (B, ...) at the trajectory's levels from the second on, under `denoise`.

        A row of the denoiser's batch is a row of the trajectory; take `trajectory.rows` where
        there are several edits of a picture.

        Args:
            after: what happens to a state once it has reached its level.
            sources: so many rows at the front are the pictures themselves, not edits.
        """
        return self.down(trajectory, denoise, after, sources=sources)


def unguided(invert: Callable[..., Trajectory]) -> Up:
    """An inversion of a denoiser, by the source's own."""
    return lambda source, x0, levels, *, watch: invert(source.denoise, x0, levels, watch=watch)


INVERSIONS: Mapping[str, Inversion] = {
    each.name: each
    for each in (
        Inversion("ddim", "2010.02502", unguided(ddim)),
        Inversion("fixed-point", "2309.04907", unguided(fixed_point)),
        Inversion("edict", "2211.12446", edict.edict, edict.replay, led=True, tied=True),
        Inversion("bdia", "2307.10829", bdia.bdia, bdia.replay, led=True, tied=True),
        Inversion(
            "edit-friendly",
            "2304.06140",
            edit_friendly.edit_friendly,
            edit_friendly.replay,
            led=True,
            tied=True,
            draws=True,
        ),
        Inversion("null-text", "2211.09794", null_text, reads=True, led=True, tied=True),
        Inversion("negative-prompt", "2305.16807", negative_prompt, reads=True),
        Inversion("direct", "2310.01506", unguided(ddim), direct.replay, tied=True, pins=True),
    )
}


def find(name: str) -> Inversion:
    """The inversion called `name`."""
    if name not in INVERSIONS:
        raise OptionError(
            f"There is no inversion {name!r}", hint=f"Known: {', '.join(INVERSIONS)}."
        )
    return INVERSIONS[name]
