"""What a benchmark asks: an edit of a picture, and how what comes of it is scored."""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from overpaint.methods.registry import Method


@dataclass(frozen=True)
class Pictures:
    """Of one edit: what is edited and, where they are known, a perfect edit and where it differs.

    source, truth: (H, W, 3) uint8. region: (H, W) bool.
    """

    source: np.ndarray
    truth: np.ndarray | None = None
    region: np.ndarray | None = None


class Task(Protocol):
    """One edit that is asked for; a plain value, so that it can be sent to another machine."""

    @property
    def name(self) -> str:
        """Like no other's of its benchmark; parts are parted by "/"."""

    @property
    def group(self) -> str:
        """Of edits of its kind."""

    @property
    def prompt(self) -> str:
        """What the picture shall show."""

    @property
    def source_prompt(self) -> str:
        """What it shows."""

    def pictures(self) -> Pictures:
        """Drawn or read."""

    def given(self, method: Method) -> dict[str, Any] | None:
        """What else `overpaint.edit` is given by this method; None where it has nothing for it."""

    def scores(self, picture: np.ndarray) -> dict[str, float]:
        """What can be said of a picture (H, W, 3) uint8 that was made; NaN is no number."""
