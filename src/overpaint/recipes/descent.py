"""One tuning, iteration by iteration: shown as it goes, resumed where it was, ended in time."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from overpaint.core.watch import Watch, unwatched
from overpaint.models.portions import Portions
from overpaint.recipes.fit import Batch, BatchFn, Changed, Figures, FitConfig, Progress, fit
from overpaint.recipes.gradients import Told
from overpaint.recipes.history import History
from overpaint.recipes.stopping import Stopping
from overpaint.recipes.strips import Strips

SCORES = ("direction", "likeness")
DONE = "all iterations were done"
PORTION = "portion"  # the figure that says how many pictures went through the network at once


@dataclass(frozen=True)
class Place:
    """Where a tuning keeps what it needs to go on after a kill, and where its strips lie.

    Args:
        checkpoints: a folder; None: nothing is kept.
        strips: a folder; None: none are made.
        changed: what is done about checkpoints of other settings.
    """

    checkpoints: Path | None = None
    strips: Path | None = None
    changed: Changed = "refuse"


NOWHERE = Place()


@dataclass(frozen=True)
class Ended:
    """How a tuning ended: mean figures of its last quarter, after which iteration, and why."""

    figures: Figures
    iterations: int
    why: str
    seconds: float
    notes: tuple[str, ...]

    def told(self) -> dict[str, Any]:
        """As a card says it."""
        means = {name: round(value, 4) for name, value in self.figures.items()}
        scores = {name: means.pop(name) for name in SCORES if name in means}
        return {"losses": means, **scores, "stopped": self.why, "stopped_at": self.iterations}


@dataclass
class Descent:
    """Lives for one run of `fit` over `module`.

    Args:
        about: what the run depends on beside `config`.
        portions: of the chain in `loss`; as small again after a resume as they had become.
    """

    module: nn.Module
    loss: Told
    batch: BatchFn
    config: FitConfig
    about: dict[str, Any]
    portions: Portions
    stopping: Stopping
    strips: Strips | None = None
    notes: list[str] = field(default_factory=list)

    def run(self, place: Place, watch: Watch = unwatched) -> Ended:
        """Train to the last iteration, or until it is enough."""
        history = History(place.checkpoints and place.checkpoints / "history.jsonl")
        now, why = Progress(0, math.nan, 0.0, 0.0), ""
        for now in watch(self._going_on(place, history), self.config.steps, "tuning"):
            history.add(now)
            why = self.stopping.reason(now.figures)
            over = bool(why) or now.step == self.config.steps
            if self.strips is not None and self.strips.due(now.step, over=over):
                self.strips.write(now.step)
            if over:
                break
        figures = history.ending(max(1, now.step // 4))
        figures.pop(PORTION, None)
        return Ended(figures, now.step, why or DONE, now.seconds, tuple(self.notes))

    def _going_on(self, place: Place, history: History) -> Iterator[Progress]:
        """The iterations still to be done, the last one of an earlier run before them."""
        steps = fit(
            self.module,
            self._measured,
            self.batch,
            self.config,
            place.checkpoints,
            about=self.about,
            changed=place.changed,
            lighten=self._lighten,
        )
        for now in steps:
            if not history.begun:
                history.begin(now)
                self._restore(now, history)
            yield now

    def _restore(self, now: Progress, history: History) -> None:
        """As all stood when the earlier run came to `now`; nothing of it where it is the first."""
        for figures in history.figures.values():
            self.stopping.reason(figures)
        if now.step == 1 and self.strips is not None:
            self.strips.clear()
        if now.step > 1 and self.portions.found:  # as small again: another size, other bits
            self.portions.size = int(now.figures.get(PORTION, 0))

    def _measured(
        self, net: nn.Module, batch: Batch, rng: torch.Generator
    ) -> tuple[Tensor, Figures]:
        value, figures = self.loss(net, batch, rng)
        if self.portions.size:
            figures |= {PORTION: float(self.portions.size)}
        return value, figures

    def _lighten(self) -> bool:
        """Smaller portions, if there can be any."""
        lighter = self.portions.halve()
        if lighter:
            size, whole = self.portions.size, self.portions.whole
            self.notes.append(f"memory ran out: then {size} at once of {whole} pictures")
        return lighter
