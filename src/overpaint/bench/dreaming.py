"""A run of DreamBench: edits of real pictures, pictures of other systems, those of a class."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from overpaint.bench.diverse import diverse
from overpaint.bench.dream import OfClass, Shown
from overpaint.bench.dream_data import pictures_in
from overpaint.bench.found import found, named
from overpaint.bench.making import Setting
from overpaint.bench.networks import Networks
from overpaint.bench.running import Spread, one_by_one, run
from overpaint.bench.ways import MADE, Way
from overpaint.core.watch import Watch, unwatched
from overpaint.data.images import read_image


@dataclass(frozen=True)
class Elsewhere:
    """Folders of pictures that another system made.

    shown: of subjects, each as `SUBJECT/PROMPT_NUMBER.png`, the prompt of two digits from 00 and
        the number from 0. of_class: of each subject's class, by a model tuned to the subject, as
        `SUBJECT/` and any name.
    """

    shown: Path | None = None
    of_class: Path | None = None


NOWHERE = Elsewhere()


def dreamt(
    asked: Sequence[Shown],
    ways: Iterable[Way],
    setting: Setting,
    *,
    elsewhere: Elsewhere = NOWHERE,
    watch: Watch = unwatched,
    spread: Spread = one_by_one,
) -> Iterator[dict[str, Any]]:
    """The rows of edits, then those of what was made elsewhere; see `running.run`.

    spread: of the edits; all else is done here.
    """
    networks = asked[0].networks
    yield from run(asked, ways, setting, watch=watch, spread=_paired(spread, networks))
    if elsewhere.shown:
        folder, tasks = elsewhere.shown, [replace(each, found=True) for each in asked]
        read = _paired(found(lambda task: named(folder, task.name)), networks)
        yield from run(tasks, [_way("pictures", folder)], setting, watch=watch, spread=read)
    if elsewhere.of_class:
        of = _of_class(asked, elsewhere.of_class)
        way = _way("classes", elsewhere.of_class)
        read = found(lambda task: read_image(task.made).on_white())
        yield from run(of, [way], setting, watch=watch, spread=read)


def _of_class(asked: Sequence[Shown], folder: Path) -> list[OfClass]:
    """All pictures of the classes of the subjects that are asked for."""
    subjects = dict.fromkeys(each.subject for each in asked)
    return [
        OfClass(asked[0].folder, subject, folder / subject.name / name, asked[0].networks)
        for subject in subjects
        for name in pictures_in(folder / subject.name)
    ]


def _paired(spread: Spread, networks: Networks) -> Spread:
    return spread if networks.lpips is None else diverse(spread, networks.apart)


def _way(what: str, folder: Path) -> Way:
    return Way(MADE, f"{what} of {folder.resolve().name}")
