"""Which pictures a network takes that is bound to no square."""

import math
from dataclasses import dataclass

Size = tuple[int, int]  # width and height
LEAST = 2  # a picture of less than this share of the area, as 1 / n, is enlarged to it
SLACK = 1e-6  # of a whole number that is one but for rounding


@dataclass(frozen=True)
class Sides:
    """Pictures about as large as those that it was trained on, of any shape.

    Args:
        multiple: pixels of which both sides are a whole number, for the codec and the network.
        square: the side of the pictures it was trained on.
        longest: pixels that a side may have; twice the square where nothing is said.
    """

    multiple: int
    square: int
    longest: int = 0

    def around(self, size: Size) -> tuple[Size, Size]:
        """The size at which a picture of `size` is shown, and that of the canvas around it.

        It keeps its aspect. Its own pixels are shown where they are no more than were trained on,
        and no less than half of that; else as many as were.
        """
        scale = self._scale(size)
        width, height = (max(1, round(scale * side)) for side in size)
        return (width, height), (self._canvas(width), self._canvas(height))

    def _scale(self, size: Size) -> float:
        area, pixels, long = self.square**2, size[0] * size[1], max(size)
        most = self.longest or 2 * self.square
        if area / LEAST <= pixels <= area and long <= most:
            return 1.0
        ideal = min(math.sqrt(area / pixels) * long, most)
        # Whole along the longer side, so that there is nothing to fill up there.
        return max(1, math.floor(ideal / self.multiple + SLACK)) * self.multiple / long

    def _canvas(self, side: int) -> int:
        """The next whole number of multiples, and at least half of the square."""
        least = max(side, self.square // 2)
        return math.ceil(least / self.multiple) * self.multiple
