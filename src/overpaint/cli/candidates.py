"""Candidates of an edit on the command line: written as made, then ranked, shown and chosen."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from overpaint.cli import outputs
from overpaint.cli.terminal import Terminal
from overpaint.errors import OptionError

if TYPE_CHECKING:
    from PIL.Image import Image

    from overpaint.data.record import Record
    from overpaint.editing import Result
    from overpaint.ranking import Ranked


@dataclass(frozen=True)
class Choice:
    """What becomes of the candidates once they are made."""

    prompt: str  # that they are ranked by
    source_prompt: str = ""  # what the picture shows now
    rank: bool = False  # print all of them with their scores
    best: int | None = None  # how many are kept
    sheet: Path | None = None  # shows all of them

    @property
    def ranked(self) -> bool:
        """Whether there is an order, other than that of the seeds."""
        return bool(self.prompt.strip())


@dataclass(frozen=True)
class Candidate:
    """A file of this run, with what is known of it."""

    path: Path
    identity: tuple[int, ...]  # of the file as it was written
    record: "Record"
    line: dict[str, object]  # of --json
    ranked: "Ranked | None" = None

    @property
    def untouched(self) -> bool:
        """Whether the file is still the one that was written."""
        return self.path.is_file() and _identity(self.path) == self.identity


def chosen(choice: Choice, count: int, paths: list[Path | None]) -> Choice | None:
    """The choice, if there is one to make; whatever stands against it is said before any work.

    A sheet that is there already stays: the new one gets the next free name.

    Raises:
        OptionError: there is nothing to rank by, or fewer candidates than shall be kept.
    """
    from overpaint.data.writing import check_target

    if not (choice.rank or choice.best or choice.sheet):
        return None
    if (choice.rank or choice.best) and not choice.ranked:
        flag = "--best" if choice.best else "--rank"
        why = "no prompt is given"
        raise OptionError(f"{flag} has nothing to rank by", why, "say with -p what it shall show")
    if choice.best and choice.best > count:
        what, why = f"{choice.best} cannot be chosen of {count}", f"-n makes {count}"
        raise OptionError(what, why, f"make more with -n {2 * choice.best}, or lower --best")
    if None in paths:
        why = "it carries one picture"
        raise OptionError("candidates do not fit a pipe", why, "give -o FOLDER")
    if choice.sheet is None:
        return choice
    return replace(choice, sheet=check_target(choice.sheet, overwrite=True))


def write(
    terminal: Terminal,
    results: Iterable["Result"],
    paths: list[Path | None],
    source: object,
    choice: Choice,
    **how: Any,
) -> None:
    """Every picture as it is made; at the end, the order, the sheet, and the best alone.

    After an interruption or a failure every file stays, and the end is told of what is finished.

    Args:
        source: the picture that was edited, for the sheet.
        how: as_json, overwrite, and max_pixels where it was raised.
    """
    as_json, overwrite = how.pop("as_json"), how.pop("overwrite")
    made, masks = list[Candidate](), list["Image | None"]()
    ended = Ending(terminal, source, choice, as_json=as_json, overwrite=overwrite, reading=how)
    try:
        for result, path in outputs.each(terminal, results, paths, overwrite=overwrite):
            if path is not None:
                line = outputs.described(result, path) if as_json else {}
                made.append(Candidate(path, _identity(path), result.record, line))
                masks[:] = [result.mask]
    except BaseException:
        if made:
            ended.tell(made, masks[0], keep=len(made))
        raise
    ended.tell(made, masks[0], keep=choice.best or len(made))


@dataclass(frozen=True)
class Ending:
    """What is done when no more candidates come."""

    terminal: Terminal
    source: object
    choice: Choice
    as_json: bool
    overwrite: bool
    reading: dict[str, Any]

    def tell(self, made: list[Candidate], mask: "Image | None", *, keep: int) -> None:
        """Rank, draw the sheet, remove what is not among the `keep` best, and print."""
        ordered = self._ranked(made, mask) if self.choice.ranked else made
        if self.choice.sheet is not None:
            self._draw(ordered, self.choice.sheet)
        for candidate in ordered[keep:]:
            if candidate.untouched:
                candidate.path.unlink()
        kept = ordered[:keep]
        if self.as_json:
            for number, each in enumerate(kept, start=1):
                self.terminal.line({**each.line, **_scores(each, number)})
        elif self.choice.rank:
            self.terminal.table([_row(each, number) for number, each in enumerate(kept, start=1)])
        else:
            for each in kept:
                self.terminal.result(str(each.path))

    def _ranked(self, made: list[Candidate], mask: "Image | None") -> list[Candidate]:
        """Best first."""
        from overpaint import ranking

        clip = ranking.ranker()
        if note := ranking.doubt(made[0].record, clip):
            self.terminal.say(f"note:  {note}")
        files = [each.path for each in made]
        text, before = self.choice.prompt, self.choice.source_prompt
        how = {"source_prompt": before, "mask": mask, "clip": clip, **self.reading}
        order = ranking.rank(files, text, **how)
        return [replace(made[place.index], ranked=place) for place in order]

    def _draw(self, ordered: list[Candidate], target: Path) -> None:
        """The source, and all candidates in order."""
        from overpaint.data.sheets import Cell, sheet

        cells = [Cell(self.source, ("source",))]
        for each in ordered:
            score = () if each.ranked is None else (f"{each.ranked.score:.3f}",)
            cells.append(Cell(each.path, (f"seed {each.record.seeds[0]}", *score)))
        page = sheet(cells, **self.reading)
        written = outputs.written_to(target, page, overwrite=self.overwrite)
        self.terminal.say(f"sheet: {written}")


def _scores(each: Candidate, number: int) -> dict[str, object]:
    """The fields of a --json line that a ranking adds."""
    if (place := each.ranked) is None:
        return {}
    return {"rank": number, "score": place.score, "context": place.context, "crop": place.crop}


def _row(each: Candidate, number: int) -> tuple[str, ...]:
    """Of the table that --rank prints."""
    place = each.ranked
    scores = () if place is None else (place.score, place.context, place.crop)
    return (str(number), *(f"{score:.3f}" for score in scores), str(each.path))


def _identity(path: Path) -> tuple[int, ...]:
    """What changes when another file takes its place, or it is written to."""
    found = path.stat()
    return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)
