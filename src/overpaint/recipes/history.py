"""The figures of every iteration, kept beside the checkpoints, so that a resumed run knows them."""

import json
from dataclasses import dataclass, field
from pathlib import Path

from overpaint.recipes.fit import Figures, Progress


@dataclass
class History:
    """Lives for one run. Figures by iteration; a line of `path` each, where there is one."""

    path: Path | None = None
    figures: dict[int, Figures] = field(default_factory=dict)
    begun: bool = False

    def __post_init__(self) -> None:
        """Read what was kept; a line that was cut by a kill is left out."""
        if self.path is None or not self.path.exists():
            return
        for line in self.path.read_text("utf-8").splitlines():
            try:
                told = json.loads(line)
                self.figures[int(told.pop("step"))] = told
            except (ValueError, KeyError, AttributeError):
                continue

    def begin(self, now: Progress) -> None:
        """Forget what a run that stands at `now` has yet to tell."""
        self.begun = True
        self.figures = {step: told for step, told in self.figures.items() if step < now.step}
        if self.path is not None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            lines = [_line(step, told) for step, told in sorted(self.figures.items())]
            self.path.write_text("".join(lines), "utf-8")

    def add(self, now: Progress) -> None:
        """Keep the figures of an iteration."""
        self.figures[now.step] = dict(now.figures)
        if self.path is not None:
            with self.path.open("a", encoding="utf-8") as file:
                file.write(_line(now.step, now.figures))

    def ending(self, count: int) -> Figures:
        """The mean of each figure over the last `count` iterations."""
        tail = [told for _, told in sorted(self.figures.items())][-count:]
        return {name: sum(one[name] for one in tail) / len(tail) for name in tail[0]}


def _line(step: int, figures: Figures) -> str:
    return json.dumps({"step": step, **figures}) + "\n"
