"""The inversions by name: a file each, and a line here."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from torch import Tensor

from overpaint.core.prediction import Denoiser
from overpaint.core.schedule import Level
from overpaint.core.watch import Watch, unwatched
from overpaint.errors import OptionError
from overpaint.inversions.ddim import ddim
from overpaint.inversions.fixed_point import fixed_point
from overpaint.inversions.trajectory import Trajectory


class Inversion(Protocol):
    """Leads `x0` (B, ...) up the levels, which descend as for sampling."""

    def __call__(
        self, denoise: Denoiser, x0: Tensor, levels: Sequence[Level], *, watch: Watch = unwatched
    ) -> Trajectory: ...


INVERSIONS: Mapping[str, Inversion] = {"ddim": ddim, "fixed-point": fixed_point}


def find(name: str) -> Inversion:
    """The inversion called `name`."""
    if name not in INVERSIONS:
        raise OptionError(
            f"There is no inversion {name!r}", hint=f"Known: {', '.join(INVERSIONS)}."
        )
    return INVERSIONS[name]
