"""The way from a picture to noise, kept so that it can be walked back."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from overpaint.core.prediction import Denoiser
from overpaint.core.schedule import Level
from overpaint.core.solvers import After, StepFn, ddim, solve
from overpaint.models.conditions import Cond


@dataclass(frozen=True)
class Key:
    """What a trajectory is of, besides its picture and its levels."""

    model: str  # hash of its weights
    texts: tuple[str, ...] = ()  # that the pictures are said to show, one each or one for all
    scale: float = 1.0  # of the guidance
    dtype: str = "float32"  # of the network's multiplications


@dataclass(frozen=True, eq=False)
class Trajectory:
    """The states (B, ...) of inverted pictures; `levels` descend, as for sampling."""

    states: Mapping[Level, Tensor]
    levels: tuple[Level, ...]
    residual: float | None = None  # largest root mean square by which a move was not solved
    noises: Mapping[Level, Tensor] = field(default_factory=dict)
    """What the move down from a level adds to its mean (edit-friendly)."""
    pair: Tensor | None = None  # (2, B, ...) in float64, where a replay begins (edict, bdia)
    empties: Mapping[Level, Cond] = field(default_factory=dict)
    """What stands for the empty text at a level (null-text, negative-prompt)."""
    settings: Mapping[str, float] = field(default_factory=dict)  # that the way back needs too
    inversion: str = ""  # its name
    key: Key | None = None
    name: str = ""  # of the file that it was kept in
    hash: str = ""  # sha256 of that file
    remembered: bool = False  # by the cache, so that it cost nothing now

    @property
    def noise(self) -> Tensor:
        """The state at the noisiest level, where a replay begins."""
        return self.states[self.levels[0]]

    @property
    def picture(self) -> Tensor:
        """The state that was inverted."""
        return self.states[self.levels[-1]]

    def rows(self, index: Sequence[int]) -> "Trajectory":
        """The rows of these numbers, in their order; a row may come again."""
        rows, key = list(index), self.key
        if key is not None and len(key.texts) == len(self.noise):
            key = replace(key, texts=tuple(key.texts[row] for row in rows))
        return replace(
            self,
            key=key,
            states={level: state[rows] for level, state in self.states.items()},
            noises={level: noise[rows] for level, noise in self.noises.items()},
            pair=None if self.pair is None else self.pair[:, rows],
            empties={
                level: empty if len(empty) == 1 else empty.rows(rows)
                for level, empty in self.empties.items()
            },
        )

    def to(self, device: torch.device | str) -> "Trajectory":
        """The same on another device."""
        if self.noise.device == torch.device(device):
            return self
        return replace(
            self,
            states={level: state.to(device) for level, state in self.states.items()},
            noises={level: noise.to(device) for level, noise in self.noises.items()},
            pair=None if self.pair is None else self.pair.to(device),
            empties={level: empty.to(device) for level, empty in self.empties.items()},
        )

    def empty_at(self, level: Level, empty: Cond) -> Cond:
        """What stands at a level for the text that says nothing, by itself `empty`."""
        return self.empties.get(level, empty)


def replay(
    trajectory: Trajectory, denoise: Denoiser, after: After | None = None, step: StepFn = ddim
) -> Iterator[Tensor]:
    """Samples down the trajectory's levels from its noise, under this or another denoiser."""
    return solve(denoise, trajectory.noise, trajectory.levels, step, after)
