"""Pictures that belong together, by the names of their files."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from overpaint.data.sources import shown
from overpaint.errors import OptionError
from overpaint.recipes.shown import KINDS


@dataclass(frozen=True)
class Pair:
    """A picture that was made; what it is compared with, and where it was to change, if known."""

    made: Path
    against: Path | None = None
    mask: Path | None = None


def pictures(places: Sequence[Path]) -> list[Path]:
    """The files among these, and the pictures of the folders among them, by name.

    Raises:
        OptionError: a folder holds no picture.
    """
    return [path for place in places for path in (_held(place) if place.is_dir() else [place])]


def pairs(made: Sequence[Path], against: Path | None, mask: Path | None) -> list[Pair]:
    """Each picture with its partners.

    against, mask: one file for all of them; or a folder, in which a partner has the name of the
        picture, or that before the point with which an output goes on: `a.png` of `a.sdedit-0.png`.

    Raises:
        OptionError: a folder holds no picture, or two of equal rights.
    """
    others, masks = (None if each is None else pictures([each]) for each in (against, mask))
    return [
        Pair(path, _partner(path, others, against), _partner(path, masks, mask)) for path in made
    ]


def _held(folder: Path) -> list[Path]:
    found = [path for path in sorted(folder.iterdir()) if path.suffix.lower() in KINDS]
    if not found:
        raise OptionError(f"There are no pictures in {shown(folder)}", "it holds no such files")
    return found


def _partner(path: Path, among: Sequence[Path] | None, place: Path | None) -> Path | None:
    if among is None or place is None or not place.is_dir():
        return place
    fitting = [each for each in among if f"{path.stem}.".startswith(f"{each.stem}.")]
    nearest = [each for each in fitting if each.name == path.name] or [
        each for each in fitting if len(each.stem) == max(len(other.stem) for other in fitting)
    ]
    if len(nearest) > 1:
        why = f"{nearest[0].name} and {nearest[1].name} in {shown(place)} both could be"
        raise OptionError(f"It is not known what {path.name} belongs to", why, "Keep one of them.")
    return nearest[0] if nearest else None
