"""Portraits-CF: edits that are asked for, each with the picture that a perfect one would make."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import count

import numpy as np

from overpaint.errors import OptionError
from overpaint.portraits.captions import PLAINEST, phrase
from overpaint.portraits.changes import CHANGES, Change
from overpaint.portraits.regions import changed
from overpaint.portraits.render import render
from overpaint.portraits.scene import Scene, counterfactual, sample_scene, visible

SPLITS: Mapping[str, int] = {"validation": 1001, "test": 1002}
"""Seeds that nothing is trained with: defaults are chosen on one, figures are of the other."""
TOLD = ("hair", "headwear", "clothing", "background")  # in both texts, where they are seen
QUICK = 64  # pixels, to see how large a change is
LEAST = 0.003  # of the picture: a smaller change is hardly seen


Drawn = tuple[np.ndarray, np.ndarray, np.ndarray]
"""A picture and its perfect edit, (S, S, 3) uint8, and where they differ, (S, S) bool."""


@dataclass(frozen=True)
class Edit:
    """One edit that is asked for: a scene, the scene as it shall be, and what is said of both."""

    name: str  # split/change/number
    change: Change
    before: Scene
    after: Scene

    @property
    def wanted(self) -> dict[str, str]:
        """The attributes that shall change, with their new values."""
        return {name: getattr(self.after, name) for name in self.change.wanted}

    @property
    def shown(self) -> tuple[str, ...]:
        """The other attributes (and the style), seen before and after: they shall stay."""
        both = (*visible(self.before), "style")
        kept = (name for name in both if name in (*visible(self.after), "style"))
        return tuple(name for name in kept if name not in self.change.wanted)

    @property
    def source_prompt(self) -> str:
        """What the picture shows."""
        return self._said(self.before)

    @property
    def prompt(self) -> str:
        """What it shall show; the same words but for the change."""
        return self._said(self.after)

    @property
    def instruction(self) -> str:
        """What to do."""
        return self.change.instruction(self.before, self.after)

    def _said(self, scene: Scene) -> str:
        told = [name for name in TOLD if self._told(name)]
        names = ["style", "kind", *dict.fromkeys([*told, *self.change.wanted])]
        return phrase({name: getattr(scene, name) for name in names}, PLAINEST)

    def _told(self, name: str) -> bool:
        scenes = self.before, self.after
        return all(name in visible(each) and getattr(each, name) != "none" for each in scenes)

    def drawn(self, size: int) -> Drawn:
        """Rendered at that size."""
        before, after = render(self.before, size), render(self.after, size)
        return before, after, changed(before, after)


def edits(split: str, number: int) -> list[Edit]:
    """The first `number` of a split: of every change one, then of every change another.

    Raises:
        OptionError: there is no such split.
    """
    if split not in SPLITS:
        raise OptionError(f"There is no split {split!r}", hint=f"Use {' or '.join(SPLITS)}.")
    found = (edit(split, change, turn) for turn in count() for change in CHANGES)
    return [each for _, each in zip(range(number), found, strict=False)]


@cache
def edit(split: str, change: Change, turn: int) -> Edit:
    """The `turn`-th edit of a kind; it is the same however many others are asked for."""
    rng = np.random.default_rng([SPLITS[split], CHANGES.index(change), turn])
    name = f"{split}/{change.name.replace(' ', '-')}/{turn}"
    return next(each for each in _drawn(name, change, rng) if _seen(each))


def _drawn(name: str, change: Change, rng: np.random.Generator) -> Iterator[Edit]:
    """Edits of scenes that suit the change."""
    while True:
        scene = sample_scene(rng)
        values = change.drawn(scene, rng)
        if values is not None:
            yield Edit(name, change, scene, counterfactual(scene, **values))


def _seen(asked: Edit) -> bool:
    """Whether what shall change can be seen before and after, and is large enough."""
    for scene in (asked.before, asked.after):
        if not set(asked.change.wanted) <= {*visible(scene), "style"}:
            return False
    return bool(asked.drawn(QUICK)[2].mean() >= LEAST)


def named(name: str) -> Edit:
    """The edit called so.

    Raises:
        OptionError: there is none.
    """
    split, _, rest = name.partition("/")
    kind, _, turn = rest.partition("/")
    found = [change for change in CHANGES if change.name.replace(" ", "-") == kind]
    if split not in SPLITS or not found or not turn.isdecimal():
        raise OptionError(f"There is no edit {name!r:.60}", hint="Such as test/add-glasses/0.")
    return edit(split, found[0], int(turn))
