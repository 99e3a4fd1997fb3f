"""A face in a picture, and the square around it that a model is shown."""

import math
from dataclasses import dataclass

from overpaint.data.squares import Square
from overpaint.errors import OptionError

# From the box of a face (brows to chin) to the square of FFHQ (arXiv 1812.04948, appendix C): so
# many times its size, and its centre so many sizes higher; measured where landmarks were marked.
_SQUARE, _HIGHER = 1.9, 0.2
_MOST = 1e8  # pixels


@dataclass(frozen=True)
class Face:
    """Where a face is in the upright picture.

    Args:
        x, y: of the centre of its box, in pixels.
        size: side of its box, from the brows to the chin, in pixels.
        tilt: degrees that the head is turned clockwise.
        score: of the finder, larger is surer; 0 for a face that was given.

    Raises:
        OptionError: a number is no place of a face.
    """

    x: float
    y: float
    size: float
    tilt: float = 0.0
    score: float = 0.0

    def __post_init__(self) -> None:
        """Plain floats within bounds."""
        limits = {"x": (0, _MOST), "y": (0, _MOST), "size": (1, _MOST), "tilt": (-180, 180)}
        for name, (low, high) in {**limits, "score": (-_MOST, _MOST)}.items():
            value = getattr(self, name)
            if isinstance(value, bool) or not low <= value <= high:  # NaN fails, too
                raise OptionError(f"{name} of a face is {low:g} to {high:g}, not {value!r:.60}")
            object.__setattr__(self, name, float(value))

    @classmethod
    def of_eyes(
        cls, left: tuple[float, float], right: tuple[float, float], mouth: tuple[float, float]
    ) -> "Face":
        """The face of these landmarks (x, y), left as it is seen, in just the square of FFHQ."""
        eyes = ((left[0] + right[0]) / 2, (left[1] + right[1]) / 2)
        across = (right[0] - left[0], right[1] - left[1])
        along = (mouth[0] - eyes[0], mouth[1] - eyes[1])
        side = max(4 * math.hypot(*across), 3.6 * math.hypot(*along))
        tilt = math.degrees(math.atan2(across[1] - along[0], across[0] + along[1]))
        square = Square(eyes[0] + 0.1 * along[0], eyes[1] + 0.1 * along[1], side, tilt)
        return cls(*square.at(0, _HIGHER / _SQUARE), side / _SQUARE, tilt)

    @property
    def box(self) -> Square:
        """Around brows and chin, turned with the head."""
        return Square(self.x, self.y, self.size, self.tilt)

    @property
    def square(self) -> Square:
        """What a model is shown: hair, chin and some of what is behind, as in FFHQ."""
        return Square(*self.box.at(0, -_HIGHER), _SQUARE * self.size, self.tilt)
